// The confusion matrix, the most confused pairs, and the images of both.

const MAX_PAIRS = 12;
const NAMED_CLASSES = 16; // up to this number, rows and columns are labelled with names

// --- the images of a cell or a pair

const sheet = byId("sheet");
let opener = null;

function closeSheet() {
  if (sheet.hidden) return;
  sheet.hidden = true;
  opener.removeAttribute("aria-current");
  if (sheet.contains(document.activeElement) || document.activeElement === document.body) opener.focus();
}

function openSheet(button, title, groups) {
  opener?.removeAttribute("aria-current");
  opener = button;
  opener.setAttribute("aria-current", "true");
  byId("sheet-title").replaceChildren(...title);
  byId("sheet-body").replaceChildren(...groups);
  byId("sheet-body").scrollTop = 0;
  sheet.hidden = false;
  byId("sheet-close").focus({ preventScroll: true }); // next to the images; Escape leads back
}

function pictures(model, items) {
  const list = element("ul", { class: "cards-small" });
  for (const item of items) {
    list.append(element("li", {}, pictureOf(model, item), element("p", {}, `confidence ${percent(item.confidence)}`)));
  }
  return list;
}

function imagesOf(model, truth, predicted, total) {
  const items = truth === predicted
    ? model.correct.filter((item) => item.true === truth)
    : model.mistakes.filter((item) => item.true === truth && item.predicted === predicted);
  const nodes = [pictures(model, items)];
  if (items.length < total) {
    nodes.unshift(element("p", { class: "note" }, `${items.length} of ${count(total, "image")} are shown.`));
  }
  return nodes;
}

function openCell({ model, button, truth, predicted, total }) {
  const title = truth === predicted
    ? [bdi(nameOf(model, truth)), ` classified correctly: ${count(total, "image")}`]
    : [bdi(nameOf(model, truth)), " classified as ", bdi(nameOf(model, predicted)), `: ${count(total, "image")}`];
  openSheet(button, title, [element("div", {}, ...imagesOf(model, truth, predicted, total))]);
}

function openPair(model, button, pair) {
  const direction = (truth, predicted, total) => element(
    "div", { class: "direction" },
    element("div", { class: "typical" },
      tile(model.classes[truth].tile, `Typical image of ${isolated(nameOf(model, truth))}`),
      element("p", {}, strong(nameOf(model, truth)), element("br"), `${count(total, "image")} classified as `, bdi(nameOf(model, predicted)))),
    ...(total ? imagesOf(model, truth, predicted, total) : []));
  openSheet(button, [bdi(nameOf(model, pair.first)), " and ", bdi(nameOf(model, pair.second))], [
    direction(pair.first, pair.second, pair.forward), direction(pair.second, pair.first, pair.backward)]);
}

byId("sheet-close").addEventListener("click", closeSheet);
byId("confusion").addEventListener("keydown", (event) => event.key === "Escape" && closeSheet());

// --- the confusion matrix

const PROMPT = "Point at a cell, tap it, or move to it with the arrow keys.";
const matrix = byId("matrix");
let cells = []; // the cells that are not empty, row by row

function cellsOf(model) {
  const place = new Map(model.matrix_classes.map((position, index) => [position, index]));
  const totals = new Map();
  for (const [truth, , total] of model.confusion) totals.set(truth, (totals.get(truth) ?? 0) + total);
  return model.confusion
    .filter(([truth, predicted, total]) => total && place.has(truth) && place.has(predicted))
    .map(([truth, predicted, total]) => ({
      model, truth, predicted, total, of: totals.get(truth), row: place.get(truth), column: place.get(predicted),
    }))
    .sort((one, other) => one.row - other.row || one.column - other.column);
}

function drawCell(cell, index, withNumber) {
  const { model, truth, predicted, total, of } = cell;
  const share = total / of;
  const what = truth === predicted ? "classified correctly" : `classified as ${titleOf(model, predicted)}`;
  cell.button = element("button", {
    type: "button", tabindex: index ? -1 : 0, "data-index": index,
    class: `${truth === predicted ? "correct" : "wrong"} ${share > 0.5 ? "strong" : ""}`,
    style: `grid-area:${cell.row + 2}/${cell.column + 2};--share:${Math.sqrt(share).toFixed(3)}`,
    "aria-label": `${titleOf(model, truth)} ${what}: ${count(total, "image")}, ${percent(share)}`,
  }, withNumber ? String(total) : "");
  return cell.button;
}

function drawMatrix(model) {
  closeSheet();
  opener = null;
  cells = cellsOf(model);
  const shown = model.matrix_classes;
  const smallest = matchMedia("(pointer: coarse), (max-width: 48rem)").matches ? 25 : 16; // a finger needs 24 px beside the line of 1 px
  const size = Math.max(smallest, Math.min(44, Math.floor(720 / shown.length)));
  const isNamed = shown.length <= NAMED_CLASSES;
  const labelOf = ({ id, name }) => (isNamed ? `${id} ${name}` : String(id));
  const longest = Math.max(...shown.map((position) => labelOf(model.classes[position]).length));
  const label = isNamed ? Math.min(7 * longest + 8, matchMedia("(max-width: 48rem)").matches ? 96 : 192) : 8 * longest + 8;
  matrix.setAttribute("style", `--count:${shown.length};--cell:${size}px;--label:${label}px`);
  matrix.classList.toggle("upright", isNamed || 8 * longest > size);
  matrix.classList.toggle("named", isNamed);
  const labels = shown.flatMap((position, index) => {
    const row = model.classes[position];
    const place = (kind, area) => element("span", { class: kind, style: `grid-area:${area}`, title: row.name, "aria-hidden": true }, bdi(labelOf(row)));
    return [place("row", `${index + 2}/1`), place("column", `1/${index + 2}`)];
  });
  matrix.replaceChildren(
    element("span", { class: "lines" }), ...labels, ...cells.map((cell, index) => drawCell(cell, index, size >= 28)));
  byId("matrix-note").hidden = shown.length === model.classes.length;
  byId("matrix-note").textContent = `The ${shown.length} most confused of ${model.classes.length} classes.`;
  byId("readout").textContent = PROMPT;
  byId("axis").replaceChildren("model ", bdi(model.name), ", data set ", bdi(model.name), ": true ↓, predicted →");
  drawPairs(model);
}

function pairButton(model, pair) {
  const { first, second, forward, backward } = pair;
  const picture = (position) => tile(model.classes[position].tile, "", "tiny");
  const line = (from, to, total) => element("span", { class: "one-way" },
    picture(from), element("span", {}, bdi(nameOf(model, from)), " → ", bdi(nameOf(model, to))), element("span", { class: "value" }, `${total}×`));
  const [there, back] = [line(first, second, forward), line(second, first, backward)];
  return element("button", {
    type: "button",
    "aria-label": `${isolated(nameOf(model, first))} classified as ${isolated(nameOf(model, second))} ${count(forward, "time")}, the other way round ${count(backward, "time")}`,
  }, ...(backward > forward ? [there, back].reverse() : [there, back]));
}

function drawPairs(model) {
  const items = model.pairs.slice(0, MAX_PAIRS).map((pair) => {
    const button = pairButton(model, pair);
    button.addEventListener("click", () => openPair(model, button, pair));
    return element("li", {}, button);
  });
  if (model.pairs.length > MAX_PAIRS) {
    items.push(element("li", { class: "note" }, `${MAX_PAIRS} of ${model.pairs.length} pairs; the matrix shows all.`));
  }
  byId("pairs").replaceChildren(...items);
  byId("pairs").hidden = !items.length;
  byId("no-pairs").hidden = items.length > 0;
}

function readOut({ model, truth, predicted, total, of, row, column }) {
  const { id } = model.classes[truth];
  byId("readout").replaceChildren(
    `${id} `, strong(nameOf(model, truth)),
    ...(truth === predicted ? [" classified correctly"] : [` classified as ${model.classes[predicted].id} `, strong(nameOf(model, predicted))]),
    `: ${count(total, "image")}, ${percent(total / of)} of ${of}`);
  for (const label of matrix.querySelectorAll(".lit")) label.classList.remove("lit");
  matrix.querySelectorAll(".row")[row].classList.add("lit");
  matrix.querySelectorAll(".column")[column].classList.add("lit");
}

/** The cell that a key leads to: along the filled cells of the rows, or to the nearest one in the next filled row. */
function neighbour(index, key) {
  const { row, column } = cells[index];
  if (key === "ArrowRight") return cells[index + 1];
  if (key === "ArrowLeft") return cells[index - 1];
  if (key === "Home") return cells.find((cell) => cell.row === row);
  if (key === "End") return cells.findLast((cell) => cell.row === row);
  const next = key === "ArrowDown" ? cells.find((cell) => cell.row > row) : cells.findLast((cell) => cell.row < row);
  const distance = (cell) => Math.abs(cell.column - column);
  return cells.filter((cell) => cell.row === next?.row).sort((one, other) => distance(one) - distance(other))[0];
}

const cellAt = (event) => cells[event.target.closest("button")?.dataset.index];

matrix.addEventListener("keydown", (event) => {
  if (!["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  neighbour(Number(event.target.dataset.index), event.key)?.button.focus();
});
matrix.addEventListener("focusin", (event) => {
  matrix.querySelector("[tabindex='0']").tabIndex = -1;
  cellAt(event).button.tabIndex = 0;
  readOut(cellAt(event));
});
matrix.addEventListener("mouseover", (event) => cellAt(event) && readOut(cellAt(event)));
matrix.addEventListener("click", (event) => cellAt(event) && openCell(cellAt(event)));

for (const radio of document.getElementsByName("confusion-model")) {
  radio.addEventListener("change", () => drawMatrix(models[radio.value]));
}
drawMatrix(models[document.querySelector("[name='confusion-model']:checked")?.value ?? 0]);
