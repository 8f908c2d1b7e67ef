// An ONNX graph of the exported models, computed here for one image and its framings: no library, no request.
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const size = (shape) => shape.reduce((a, b) => a * b, 1);
const tensor = (shape, data = new Float32Array(size(shape))) => ({ shape, data });
const map = (operation) => ([x]) => tensor(x.shape, x.data.map(operation));

// Elementwise, with the shapes broadcast as in NumPy.
const pairwise = (operation) => ([a, b]) => {
  const rank = Math.max(a.shape.length, b.shape.length);
  const padded = [a, b].map(({ shape }) => [...Array(rank - shape.length).fill(1), ...shape]);
  const out = tensor(padded[0].map((length, axis) => Math.max(length, padded[1][axis])));
  const steps = padded.map((shape) => shape.map((length, axis) => (length === 1 ? 0 : size(shape.slice(axis + 1)))));
  const index = Array(rank).fill(0);
  let [left, right] = [0, 0];
  for (let i = 0; i < out.data.length; i++) {
    out.data[i] = operation(a.data[left], b.data[right]);
    for (let axis = rank - 1; axis >= 0; axis--) {
      left += steps[0][axis];
      right += steps[1][axis];
      if (++index[axis] < out.shape[axis]) break;
      left -= steps[0][axis] * out.shape[axis];
      right -= steps[1][axis] * out.shape[axis];
      index[axis] = 0;
    }
  }
  return out;
};

function transpose([x], { perm }) {
  const out = tensor(perm.map((axis) => x.shape[axis]));
  const steps = perm.map((axis) => size(x.shape.slice(axis + 1)));
  const index = Array(perm.length).fill(0);
  for (let i = 0, from = 0; i < out.data.length; i++) {
    out.data[i] = x.data[from];
    for (let axis = perm.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < out.shape[axis]) break;
      from -= steps[axis] * out.shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

// The last two axes are matrices; one of the two may have no others.
function matmul([a, b]) {
  const [rows, inner] = a.shape.slice(-2);
  const columns = b.shape.at(-1);
  const outer = (a.shape.length >= b.shape.length ? a : b).shape.slice(0, -2);
  const out = tensor([...outer, rows, columns]);
  const [aStep, bStep] = [a.shape.length > 2 ? rows * inner : 0, b.shape.length > 2 ? inner * columns : 0];
  for (let matrix = 0; matrix < size(outer); matrix++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        let total = 0;
        for (let i = 0; i < inner; i++)
          total += a.data[matrix * aStep + row * inner + i] * b.data[matrix * bStep + i * columns + column];
        out.data[(matrix * rows + row) * columns + column] = total;
      }
  return out;
}

function gemm([x, weight, bias]) {
  const [inner, columns] = weight.shape;
  const totals = Float64Array.from(bias.data);
  for (let i = 0; i < inner; i++) {
    const value = x.data[i];
    if (value) for (let column = 0; column < columns; column++) totals[column] += value * weight.data[i * columns + column];
  }
  return tensor([1, columns], Float32Array.from(totals));
}

// Where windows of a kernel start along a side, and how many there are.
function windows(length, kernel, stride, same) {
  const count = same ? Math.ceil(length / stride) : Math.floor((length - kernel) / stride) + 1;
  return { count, before: same ? Math.max(0, (count - 1) * stride + kernel - length) >> 1 : 0 };
}

function conv([x, weight, bias], { strides = [1, 1], auto_pad }) {
  const [, channels, height, width] = x.shape;
  const [depth, , kernelRows, kernelColumns] = weight.shape;
  const same = auto_pad === "SAME_UPPER";
  const down = windows(height, kernelRows, strides[0], same), across = windows(width, kernelColumns, strides[1], same);
  const [rows, columns] = [down.count, across.count];
  // A frame of zeros, so that no place needs to ask whether it lies in the image.
  const paddedRows = (rows - 1) * strides[0] + kernelRows, paddedColumns = (columns - 1) * strides[1] + kernelColumns;
  const padded = new Float32Array(channels * paddedRows * paddedColumns);
  for (let channel = 0; channel < channels; channel++)
    for (let row = 0; row < Math.min(height, paddedRows - down.before); row++) {
      const from = (channel * height + row) * width;
      padded.set(x.data.subarray(from, from + Math.min(width, paddedColumns - across.before)),
        (channel * paddedRows + row + down.before) * paddedColumns + across.before);
    }
  const out = tensor([1, depth, rows, columns]);
  const convolve = kernelRows === 3 && kernelColumns === 3 && strides[0] === 1 && strides[1] === 1 ? convolve3x3 : convolveAny;
  convolve(padded, weight, out.data, { channels, depth, rows, columns, paddedRows, paddedColumns, strides });
  if (bias) for (let i = 0; i < out.data.length; i++) out.data[i] += bias.data[(i / (rows * columns)) | 0];
  return out;
}

function convolveAny(padded, weight, out, { channels, depth, rows, columns, paddedRows, paddedColumns, strides }) {
  const [, , kernelRows, kernelColumns] = weight.shape;
  for (let d = 0, w = 0; d < depth; d++)
    for (let channel = 0; channel < channels; channel++)
      for (let y = 0; y < kernelRows; y++)
        for (let x = 0; x < kernelColumns; x++, w++) {
          const factor = weight.data[w];
          for (let row = 0; row < rows; row++) {
            let to = (d * rows + row) * columns;
            let from = (channel * paddedRows + row * strides[0] + y) * paddedColumns + x;
            for (let column = 0; column < columns; column++, from += strides[1]) out[to++] += factor * padded[from];
          }
        }
}

// Nine products for each time that a sum is stored.
function convolve3x3(padded, weight, out, { channels, depth, rows, columns, paddedRows, paddedColumns }) {
  const kernels = weight.data;
  for (let d = 0; d < depth; d++)
    for (let channel = 0; channel < channels; channel++) {
      const w = (d * channels + channel) * 9;
      const w0 = kernels[w], w1 = kernels[w + 1], w2 = kernels[w + 2], w3 = kernels[w + 3], w4 = kernels[w + 4];
      const w5 = kernels[w + 5], w6 = kernels[w + 6], w7 = kernels[w + 7], w8 = kernels[w + 8];
      for (let row = 0; row < rows; row++) {
        let to = (d * rows + row) * columns;
        let a = (channel * paddedRows + row) * paddedColumns, b = a + paddedColumns, c = b + paddedColumns;
        let a0 = padded[a], a1 = padded[a + 1], b0 = padded[b], b1 = padded[b + 1], c0 = padded[c], c1 = padded[c + 1];
        for (let column = 0; column < columns; column++) {
          const a2 = padded[a + 2], b2 = padded[b + 2], c2 = padded[c + 2];
          out[to++] += w0 * a0 + w1 * a1 + w2 * a2 + w3 * b0 + w4 * b1 + w5 * b2 + w6 * c0 + w7 * c1 + w8 * c2;
          a0 = a1; a1 = a2; b0 = b1; b1 = b2; c0 = c1; c1 = c2;
          a++; b++; c++;
        }
      }
    }
}

// Over as much of each window as lies in the image.
function pool([x], { kernel_shape, strides = [1, 1], auto_pad }, begin, step, end) {
  const [, channels, height, width] = x.shape;
  const same = auto_pad === "SAME_UPPER";
  const down = windows(height, kernel_shape[0], strides[0], same), across = windows(width, kernel_shape[1], strides[1], same);
  const out = tensor([1, channels, down.count, across.count]);
  let to = 0;
  for (let channel = 0; channel < channels; channel++)
    for (let row = 0; row < down.count; row++)
      for (let column = 0; column < across.count; column++) {
        const top = row * strides[0] - down.before, left = column * strides[1] - across.before;
        let value = begin, count = 0;
        for (let y = Math.max(0, top); y < Math.min(height, top + kernel_shape[0]); y++)
          for (let z = Math.max(0, left); z < Math.min(width, left + kernel_shape[1]); z++, count++)
            value = step(value, x.data[(channel * height + y) * width + z]);
        out.data[to++] = end(value, count);
      }
  return out;
}

function reduceMean([x, axes], { keepdims = 1 }) {
  const reduced = new Set([...axes.data].map((axis) => Number(axis)));
  const shape = x.shape.map((length, axis) => (reduced.has(axis) ? 1 : length));
  const totals = new Float64Array(size(shape));
  const steps = shape.map((length, axis) => (length === 1 ? 0 : size(shape.slice(axis + 1))));
  x.data.forEach((value, i) => {
    let [rest, to] = [i, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      to += (rest % x.shape[axis]) * steps[axis];
      rest = Math.floor(rest / x.shape[axis]);
    }
    totals[to] += value;
  });
  const count = x.data.length / totals.length;
  const kept = keepdims ? shape : shape.filter((_, axis) => !reduced.has(axis));
  return tensor(kept, Float32Array.from(totals, (total) => total / count));
}

function concat(tensors, { axis }) {
  const shape = [...tensors[0].shape];
  shape[axis] = sum(tensors.map((x) => x.shape[axis]));
  const out = tensor(shape);
  const outer = size(shape.slice(0, axis));
  for (let i = 0, to = 0; i < outer; i++)
    for (const x of tensors) {
      const part = x.data.length / outer;
      out.data.set(x.data.subarray(i * part, (i + 1) * part), to);
      to += part;
    }
  return out;
}

// An operation for one image, done for each of several: the framings of a photo. Its first inputs are split.
const each = (operation, split = 1) => (inputs, attributes) => {
  const count = inputs[0].shape[0];
  const part = (x, i) => tensor([1, ...x.shape.slice(1)], x.data.subarray((i * x.data.length) / count, ((i + 1) * x.data.length) / count));
  const results = Array.from({ length: count }, (_, i) =>
    operation([...inputs.slice(0, split).map((x) => part(x, i)), ...inputs.slice(split)], attributes));
  return concat(results, { axis: 0 });
};

function reshape([x, wanted]) {
  const shape = [...wanted.data].map(Number);
  const known = size(shape.filter((length) => length !== -1));
  return tensor(shape.map((length) => (length === -1 ? x.data.length / known : length)), x.data);
}

// Bilinear, the edge repeated; places run from -1 to 1 over the image.
function gridSample([x, grid]) {
  const [, channels, height, width] = x.shape;
  const [, rows, columns] = grid.shape;
  const out = tensor([1, channels, rows, columns]);
  for (let place = 0; place < rows * columns; place++) {
    const clamp = (value, length) => Math.min(length - 1, Math.max(0, ((value + 1) * length - 1) / 2));
    const column = clamp(grid.data[2 * place], width), row = clamp(grid.data[2 * place + 1], height);
    const [top, left] = [Math.floor(row), Math.floor(column)];
    const [bottom, right] = [Math.min(top + 1, height - 1), Math.min(left + 1, width - 1)];
    for (let channel = 0; channel < channels; channel++) {
      const at = (y, z) => x.data[(channel * height + y) * width + z];
      const above = at(top, left) + (at(top, right) - at(top, left)) * (column - left);
      const below = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * (column - left);
      out.data[channel * rows * columns + place] = above + (below - above) * (row - top);
    }
  }
  return out;
}

function softmax([x]) {
  const highest = Math.max(...x.data);
  const powers = Float64Array.from(x.data, (value) => Math.exp(value - highest));
  const total = sum([...powers]);
  return tensor(x.shape, Float32Array.from(powers, (power) => power / total));
}

const halfToEven = (value) => {
  const whole = Math.round(value);
  return whole - value === 0.5 && whole % 2 ? whole - 1 : whole;
};

const OPERATIONS = {
  Add: pairwise((a, b) => a + b), Sub: pairwise((a, b) => a - b), Mul: pairwise((a, b) => a * b), Div: pairwise((a, b) => a / b),
  Relu: map((value) => Math.max(0, value)), Sqrt: map(Math.sqrt), Floor: map(Math.floor), Round: map(halfToEven),
  Cast: ([x]) => x, Transpose: transpose, MatMul: matmul, Gemm: each(gemm), Conv: each(conv), ReduceMean: reduceMean, Concat: concat,
  Reshape: reshape, GridSample: each(gridSample, 2), Softmax: softmax,
  Clip: ([x, low, high]) => tensor(x.shape, x.data.map((value) => Math.min(high.data[0], Math.max(low.data[0], value)))),
  Flatten: ([x]) => tensor([x.shape[0], x.data.length / x.shape[0]], x.data),
  MaxPool: each((inputs, attributes) => pool(inputs, attributes, -Infinity, Math.max, (value) => value)),
  AveragePool: each((inputs, attributes) => pool(inputs, attributes, 0, (a, b) => a + b, (value, count) => value / count)),
};

// Probabilities of one image: pixels are uint8 RGB, row by row, at the model's size.
function probabilities({ nodes, constants, height, width }, pixels) {
  const values = { ...constants, images: tensor([1, height, width, 3], Float32Array.from(pixels)) };
  for (const { operation, inputs, output, attributes } of nodes)
    values[output] = OPERATIONS[operation](inputs.map((name) => values[name]), attributes);
  return values.probabilities.data;
}
