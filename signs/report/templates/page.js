"use strict";
// What the scripts share, and the navigation.
// Names come from outside: they reach the page as text nodes and attributes, never as markup.

const { models, columns } = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const isolated = (name) => `\u2068${name}\u2069`; // isolates the direction of a name where <bdi> is not possible
const bdi = (name) => element("bdi", {}, name);
const strong = (name) => element("strong", {}, bdi(name));
const nameOf = (model, position) => model.classes[position].name;
const imageName = (item) => item.file ? isolated(item.file) : `Image ${item.image}`;
const titleOf = (model, position) => `${model.classes[position].id} ${isolated(nameOf(model, position))}`;

function tile(index, label, kind = "") {
  const node = element("span", { class: `tile ${kind}` });
  if (label) {
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", label);
  }
  if (index === null) node.classList.add("missing");
  else node.setAttribute("style", `--column:${index % columns};--row:${Math.floor(index / columns)}`);
  return node;
}

// --- the navigation

const links = new Map([...document.querySelectorAll("nav.sections a")].map((link) => [link.hash.slice(1), link]));
const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    for (const link of links.values()) link.removeAttribute("aria-current");
    const link = links.get(target.id);
    link.setAttribute("aria-current", "true");
    link.closest("ul").scrollLeft = link.offsetLeft - 24;
  }
}, { rootMargin: "-30% 0px -69% 0px" });
for (const section of document.querySelectorAll("main > section")) observer.observe(section);
