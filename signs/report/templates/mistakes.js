// The mistakes: filtered, shown in steps, with or without heatmaps.

const STEP = 60; // shown at once
const filters = byId("filters");
let shownMistakes = STEP;

function fillFilter(model, key, anyLabel) {
  const totals = new Map();
  for (const item of model.mistakes) totals.set(item[key], (totals.get(item[key]) ?? 0) + 1);
  const positions = [...totals.keys()].sort((one, other) => one - other);
  filters.elements[key].replaceChildren(
    new Option(anyLabel, ""),
    ...positions.map((position) => new Option(`${titleOf(model, position)} (${totals.get(position)})`, position)));
}

function limit(name, otherwise) {
  const value = filters.elements[name].valueAsNumber;
  return (Number.isNaN(value) ? otherwise : value) / 100;
}

function selectedMistakes(model) {
  const { true: truth, predicted } = filters.elements;
  const [lowest, highest] = [limit("lowest", 0), limit("highest", 100)];
  return model.mistakes.filter((item) =>
    (truth.value === "" || item.true === Number(truth.value)) &&
    (predicted.value === "" || item.predicted === Number(predicted.value)) &&
    item.confidence >= lowest && item.confidence <= highest);
}

function mistakeCard(model, item) {
  const [truth, predicted] = [nameOf(model, item.true), nameOf(model, item.predicted)];
  const picture = pictureOf(model, item, "large");
  if (byId("heatmap").checked && item.heatmap) picture.append(overlay(item.heatmap, model.heatmap_shape));
  return element("li", {}, picture,
    element("p", {}, strong(truth)),
    element("p", { class: "wrong" }, "classified as ", bdi(predicted)),
    element("p", { class: "small" }, `confidence ${percent(item.confidence)}; true class ${percent(item.truth)}`),
    ...(item.file ? [element("p", { class: "small" }, bdi(item.file))] : []));
}

function drawMistakes() {
  const model = models[filters.elements.model.value];
  const selected = selectedMistakes(model);
  byId("mistake-count").value = `${selected.length.toLocaleString("en")} of ${count(model.mistakes.length, "mistake")}`;
  byId("mistake-list").replaceChildren(...selected.slice(0, shownMistakes).map((item) => mistakeCard(model, item)));
  byId("more").hidden = selected.length <= shownMistakes;
  byId("more").textContent = `Show ${Math.min(STEP, selected.length - shownMistakes)} more of ${selected.length - shownMistakes}`;
  byId("heatmap-label").hidden = !model.mistakes.some((item) => item.heatmap);
  byId("heatmap-note").hidden = byId("heatmap-label").hidden || !byId("heatmap").checked;
  byId("mistake-note").hidden = model.mistakes_total <= model.mistakes.length;
  byId("mistake-note").textContent =
    `The page shows the ${model.mistakes.length} most confident of ${count(model.mistakes_total, "mistake")}.`;
}

function restartMistakes(event) {
  if (!event || event.target === filters || event.target.name === "model") {
    fillFilter(models[filters.elements.model.value], "true", "any");
    fillFilter(models[filters.elements.model.value], "predicted", "any");
  }
  shownMistakes = STEP;
  drawMistakes();
}

filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("input", restartMistakes);
filters.addEventListener("reset", (event) => setTimeout(restartMistakes, 0, event)); // once the fields are reset
byId("heatmap").addEventListener("change", drawMistakes);
byId("more").addEventListener("click", () => {
  const first = shownMistakes;
  shownMistakes += STEP;
  drawMistakes();
  const card = byId("mistake-list").children[first];
  card.tabIndex = -1;
  card.focus({ preventScroll: true });
});
restartMistakes();
