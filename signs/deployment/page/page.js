// Photos in, a list of results out. `model` has `about`, and `classify(file)`, which gives
// {name, confidence, known, top: [{name, confidence}]} or fails with a sentence.
function start(model) {
  const $ = (id) => document.getElementById(id);
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const add = (parent, tag, text = "", attributes = {}) => {
    const element = parent.appendChild(document.createElement(tag));
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  $("about").textContent = model.about;

  function show(file, result, error) {
    const item = document.createElement("li");
    const url = URL.createObjectURL(file);
    const picture = add(item, "img", "", { alt: "" });
    picture.onload = picture.onerror = () => URL.revokeObjectURL(url);
    picture.src = url;
    const text = add(item, "div");
    if (error) {
      add(text, "h2", "Not read");
      add(text, "p", error.message, { class: "error" });
    } else {
      add(text, "h2", result.known ? result.name : "Not a sign I know");
      add(text, "p", result.known ? `${percent(result.confidence)} sure` : `closest: ${result.name}, ${percent(result.confidence)}`);
      const rows = add(add(text, "table", "", { "aria-label": "Most likely classes" }), "tbody");
      for (const { name, confidence } of result.top) {
        const row = add(rows, "tr");
        const cell = add(row, "td", name);
        add(cell, "meter", "", { value: confidence, "aria-hidden": "true" });
        add(row, "td", percent(confidence));
      }
    }
    add(text, "p", file.name ?? "", { class: "hint" });
    $("results").prepend(item);
    while ($("results").children.length > 200) $("results").lastChild.remove();
  }

  let waiting = Promise.resolve();
  function classify(files) {
    const photos = [...files];
    waiting = waiting.then(async () => {
      let last = "";
      for (const [index, file] of photos.entries()) {
        $("status").textContent = `Looking at ${index + 1} of ${photos.length} …`;
        try {
          const result = await model.classify(file);
          show(file, result);
          last = result.known ? `${result.name}, ${percent(result.confidence)}` : "not a sign I know";
        } catch (error) {
          show(file, null, error);
          last = error.message;
        }
      }
      $("status").textContent = photos.length === 1 ? last : `${photos.length} photos done.`;
    });
    return waiting;
  }

  $("files").addEventListener("change", (event) => { classify(event.target.files); });
  $("drop").addEventListener("dragover", (event) => { event.preventDefault(); $("drop").classList.add("over"); });
  $("drop").addEventListener("dragleave", () => $("drop").classList.remove("over"));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    $("drop").classList.remove("over");
    classify(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) classify(event.clipboardData.files);
    else $("status").textContent = "There is no picture on the clipboard.";
  });

  let stream = null;
  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    $("viewfinder").hidden = true;
    $("camera").focus();
  };
  $("camera").addEventListener("click", async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      $("status").textContent = "The browser gives no camera: none is there, or it is not allowed to this page.";
      return;
    }
    $("video").srcObject = stream;
    $("viewfinder").hidden = false;
    $("shoot").focus();
  });
  $("stop").addEventListener("click", stop);
  $("shoot").addEventListener("click", async () => {
    const video = $("video");
    const side = Math.min(video.videoWidth, video.videoHeight);
    const canvas = new OffscreenCanvas(side, side);
    const at = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
    canvas.getContext("2d").drawImage(video, ...at, side, side, 0, 0, side, side);
    classify([new File([await canvas.convertToBlob()], "camera", { type: "image/png" })]);
  });
  return { classify };
}
