// An image in large: its classes, its probabilities, and where the network looked.

const dialog = byId("image");

/** Digits 0-9 of a grid as an overlay of one pixel a digit, which the style sheet stretches and smooths. */
function overlay(digits, [rows, width]) {
  const canvas = element("canvas", { width, height: rows, class: "overlay", "aria-hidden": true });
  const image = new ImageData(width, rows);
  [...digits].forEach((digit, index) => {
    const value = digit / 9;
    image.data.set([255, 40 + 190 * value, 90 * (1 - value), 200 * value], 4 * index);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** A test image as a button that opens it. */
function pictureOf(model, item, kind) {
  const answer = item.true === item.predicted ? "" : ` classified as ${isolated(nameOf(model, item.predicted))}`;
  const label = `${imageName(item)}: ${isolated(nameOf(model, item.true))}${answer}`;
  const button = element("button", { type: "button", class: "picture" }, tile(item.tile, label, kind));
  button.addEventListener("click", () => openImage(model, item));
  return button;
}

function probabilitiesOf(model, item) {
  const isListed = item.probabilities.some(([position]) => position === item.true);
  const rows = isListed ? item.probabilities : [...item.probabilities, [item.true, item.truth]];
  return element("ul", { class: `shares hue-${models.indexOf(model) % 2}` }, ...rows.map(([position, probability]) => element(
    "li", { class: position === item.true ? "true" : "" },
    element("span", {}, `${model.classes[position].id} `, bdi(nameOf(model, position)), position === item.true ? " (true class)" : ""),
    element("span", { class: "value" }, percent(probability)),
    element("span", { class: "bar-fill", style: `--share:${probability}` }))));
}

function openImage(model, item) {
  const large = (caption, ...layers) => element("figure", {},
    element("span", { class: "picture" }, tile(item.tile, caption), ...layers), element("figcaption", {}, caption));
  const outcome = item.true === item.predicted ? [" classified correctly"] : [" classified as ", bdi(nameOf(model, item.predicted))];
  byId("image-title").replaceChildren(bdi(nameOf(model, item.true)), ...outcome);
  byId("image-body").replaceChildren(
    large("The test image"),
    ...(item.heatmap ? [large("Where the network looked", overlay(item.heatmap, model.heatmap_shape))] : []),
    element("div", {},
      element("p", {}, bdi(item.file ?? `Test image ${item.image}`), " of data set ", bdi(model.name), ", model ", bdi(model.name)),
      probabilitiesOf(model, item)));
  dialog.showModal();
}

byId("image-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
byId("comparison")?.addEventListener("click", (event) => {
  const { model, image } = event.target.closest("button[data-image]")?.dataset ?? {};
  if (image) openImage(models[model], models[model].mistakes.find((item) => item.image === Number(image)));
});
