// The model within this page.
const MAX_PIXELS = 40e6;

// What each old pixel along a side gives to each new one: shares of area where it shrinks, else bilinear.
function shares(before, after) {
  const step = before / after;
  return Array.from({ length: after }, (_, i) => {
    if (after < before) {
      const [first, last] = [i * step, (i + 1) * step];
      const from = Math.floor(first), to = Math.min(before, Math.ceil(last));
      const weights = Array.from({ length: to - from }, (_, j) =>
        Math.max(0, Math.min(last, from + j + 1) - Math.max(first, from + j)) / step);
      return { from, weights };
    }
    const centre = Math.min(before - 1, Math.max(0, (i + 0.5) * step - 0.5));
    const from = Math.min(Math.floor(centre), Math.max(0, before - 2));
    return { from, weights: before === 1 ? [1] : [1 - (centre - from), centre - from] };
  });
}

// RGBA pixels scaled to the model's size, RGB.
function scaled(data, height, width, newHeight, newWidth) {
  const down = shares(height, newHeight), across = shares(width, newWidth);
  const out = new Uint8Array(newHeight * newWidth * 3);
  const row = new Float32Array(width * 3);
  down.forEach(({ from, weights }, y) => {
    row.fill(0);
    weights.forEach((weight, j) => {
      let source = (from + j) * width * 4;
      for (let i = 0; i < row.length; i += 3, source += 4)
        for (let channel = 0; channel < 3; channel++) row[i + channel] += weight * data[source + channel];
    });
    across.forEach(({ from: start, weights: factors }, x) => {
      for (let channel = 0; channel < 3; channel++) {
        let total = 0;
        factors.forEach((factor, j) => { total += factor * row[(start + j) * 3 + channel]; });
        out[(y * newWidth + x) * 3 + channel] = halfToEven(total);
      }
    });
  });
  return out;
}

async function pixelsOf(file, height, width) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image", premultiplyAlpha: "none", colorSpaceConversion: "none" });
  } catch {
    throw new Error(`${file.name} is no picture that this browser reads.`);
  }
  if (picture.width * picture.height > MAX_PIXELS) throw new Error(`${file.name} has over 40 million pixels.`);
  const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, picture.width, picture.height);
  context.drawImage(picture, 0, 0);
  return scaled(context.getImageData(0, 0, picture.width, picture.height).data, picture.height, picture.width, height, width);
}

// The bytes behind base64 of gzip.
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

async function read(graph, packed) {
  const memory = await unpacked(packed);
  const constants = Object.fromEntries(graph.constants.map(({ name, shape, whole, offset }) => {
    const numbers = new Float32Array(memory, offset, size(shape));
    return [name, tensor(shape, whole ? Int32Array.from(numbers) : numbers)];
  }));
  return { ...graph, constants };
}

async function local(graph, packed) {
  const network = await read(graph, packed);
  const classifyPixels = (pixels) => probabilities(network, pixels);
  return {
    about: graph.about,
    classifyPixels,
    async classify(file) {
      const found = classifyPixels(await pixelsOf(file, graph.height, graph.width));
      const order = [...found.keys()].sort((a, b) => found[b] - found[a]);
      const top = order.slice(0, 3).map((index) => ({ name: graph.names[index], confidence: found[index] }));
      return { ...top[0], known: graph.threshold === null || top[0].confidence > graph.threshold, top };
    },
  };
}
