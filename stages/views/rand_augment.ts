/** RandAugment as SimpleBaseline has it: a few operations of a list on a whole image, drawn anew each time. @module */
import type { Bytes } from "../../kernels/ops/view/view_settings.ts";
import type { RandomStream } from "../../kernels/random.ts";
import { jpegLike } from "./jpeg_like.ts";

/** Changes an image's bytes, interleaved RGB, in place; what is random about it comes from the stream. */
type Operation = (image: Bytes, stream: RandomStream) => void;

const clamp = (value: number) => Math.min(Math.max(Math.round(value), 0), 255);

/** Each value by itself, by the same rule. */
function byTable(rule: (value: number) => number): Operation {
  const table = Uint8Array.from({ length: 256 }, (_, value) => clamp(rule(value)));
  return ({ data }) => {
    for (let i = 0; i < data.length; i++) data[i] = table[data[i]!]!;
  };
}

/** Each channel by a rule of its own, made once an image. */
function byChannel(make: (stream: RandomStream, image: Bytes, channel: number) => Uint8Array): Operation {
  return (image, stream) => {
    const tables = [0, 1, 2].map((channel) => make(stream, image, channel)), { data } = image;
    for (let i = 0; i < data.length; i += 3) {
      for (let c = 0; c < 3; c++) data[i + c] = tables[c]![data[i + c]!]!;
    }
  };
}

/** Channels take each other's places. */
function permute(data: Uint8Array, [r, g, b]: ArrayLike<number> & Iterable<number>): void {
  for (let i = 0; i < data.length; i += 3) {
    const values = [data[i]!, data[i + 1]!, data[i + 2]!];
    data[i] = values[r!]!;
    data[i + 1] = values[g!]!;
    data[i + 2] = values[b!]!;
  }
}

/** One number for all channels of a pixel. */
const addToPixels = (draw: (stream: RandomStream) => number): Operation => ({ data }, stream) => {
  for (let i = 0; i < data.length; i += 3) {
    const value = draw(stream);
    for (let c = i; c < i + 3; c++) data[c] = clamp(data[c]! + value);
  }
};

/** Histogram equalization of a channel, as Pillow's `ImageOps.equalize`. */
function equalizing({ data }: Bytes, channel: number): Uint8Array {
  const counts = new Uint32Array(256), table = Uint8Array.from({ length: 256 }, (_, value) => value);
  for (let i = channel; i < data.length; i += 3) counts[data[i]!]!++;
  const used = counts.filter((count) => count > 0);
  const step = Math.floor((data.length / 3 - (used.at(-1) ?? 0)) / 255);
  if (used.length < 2 || step === 0) return table;
  let below = Math.floor(step / 2);
  counts.forEach((count, value) => {
    table[value] = Math.min(Math.floor(below / step), 255);
    below += count;
  });
  return table;
}

/** A Gaussian that reaches three deviations, the image's border repeated beyond it. */
function blurring(sigma: number): Operation {
  const radius = Math.ceil(3 * sigma);
  const all = Array.from({ length: 2 * radius + 1 }, (_, k) => Math.exp(-(((k - radius) / sigma) ** 2) / 2));
  const total = all.reduce((sum, weight) => sum + weight, 0), weights = all.map((weight) => weight / total);
  return ({ data, width, height }) => {
    const pitch = 3 * width, across = new Float32Array(data.length), sums = new Float64Array(pitch);
    const padded = new Float64Array(pitch + 6 * radius);
    for (let y = 0; y < height; y++) {
      const row = data.subarray(y * pitch, (y + 1) * pitch);
      for (let k = 0; k < radius; k++) {
        padded.set(row.subarray(0, 3), 3 * k);
        padded.set(row.subarray(pitch - 3), 3 * radius + pitch + 3 * k);
      }
      padded.set(row, 3 * radius);
      sums.fill(0);
      for (const [k, weight] of weights.entries()) {
        for (let i = 0; i < pitch; i++) sums[i]! += weight * padded[3 * k + i]!;
      }
      across.set(sums, y * pitch);
    }
    for (let y = 0; y < height; y++) {
      sums.fill(0);
      for (const [k, weight] of weights.entries()) {
        const from = Math.min(Math.max(y + k - radius, 0), height - 1) * pitch;
        for (let i = 0; i < pitch; i++) sums[i]! += weight * across[from + i]!;
      }
      // Weights of one sum keep within bytes.
      for (let i = 0; i < pitch; i++) data[y * pitch + i] = Math.round(sums[i]!);
    }
  };
}

/** A Poisson variable, by the inverse of its distribution function, with a random sign. */
function poisson(mean: number): (stream: RandomStream) => number {
  let term = Math.exp(-mean);
  const below = [term];
  for (let count = 1; term > 2 ** -26; count++) below.push(below.at(-1)! + (term *= mean / count));
  return (stream) => {
    const drawn = stream.uniform(), found = below.findIndex((share) => drawn < share);
    const count = found < 0 ? below.length : found;
    return stream.uniform() < 0.5 ? -count : count;
  };
}

/** Each value is put out with a probability, which is drawn once an image. */
function drop(low: number, high: number, value: (stream: RandomStream) => number): Operation {
  return ({ data }, stream) => {
    const share = stream.uniformBetween(low, high);
    for (let i = 0; i < data.length; i++) if (stream.uniform() < share) data[i] = value(stream);
  };
}

/** Cells of a grid of 2 to 5 rows and 2 to 5 columns are put out, each channel's by themselves. */
const dropCells: Operation = ({ data, width, height }, stream) => {
  const rows = stream.integer(2, 5), columns = stream.integer(2, 5);
  const dropped = Array.from({ length: rows * columns * 3 }, () => stream.uniform() < 0.2);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y * rows / height);
    for (let x = 0; x < width; x++) {
      const cell = 3 * (row * columns + Math.floor(x * columns / width)), at = 3 * (y * width + x);
      for (let c = 0; c < 3; c++) if (dropped[cell + c]) data[at + c] = 0;
    }
  }
};

const brighten = byTable((value) => value + 15.9);

/**
 * The operations in their order, at the published magnitude.
 *
 * @see SimpleBaseline §7.1.
 */
export const operations: readonly (readonly [name: string, operation: Operation])[] = [
  ["gamma", byTable((value) => 255 * (value / 255) ** 1.0128)],
  ["contrast", byTable((value) => 127 + 1.2692 * (value - 127))],
  ["brightness", brighten],
  ["brightness again", brighten],
  ["equalize", byChannel((_, image, channel) => equalizing(image, channel))],
  // Hue and saturation, plus int(0.51).
  ["hue", () => {}],
  ["swap red and blue", ({ data }) => permute(data, [2, 1, 0])],
  ["blur", blurring(1.756)],
  ["noise", addToPixels((stream) => 14.19 * stream.normal())],
  ["Poisson noise", addToPixels(poisson(12.56))],
  ["shuffle channels", ({ data }, stream) => permute(data, stream.shuffle(3))],
  ["drop", drop(0.2, 0.5, () => 0)],
  ["drop cells", dropCells],
  [
    "multiply",
    byChannel((stream) => {
      const factor = stream.uniformBetween(0.25, 2.5);
      return Uint8Array.from({ length: 256 }, (_, value) => clamp(value * factor));
    }),
  ],
  ["salt and pepper", drop(0, 0.1, (stream) => stream.uniform() < 0.5 ? 0 : 255)],
  ["solarize", byTable((value) => value < 128 ? value : 255 - value)],
  ["JPEG", (image, stream) => jpegLike(image, stream.integer(5, 15))],
];

/**
 * Draws which operations an image goes through.
 *
 * @param count How many.
 * @returns Their places in {@linkcode operations}, each once, ascending.
 */
export function drawOperations(stream: RandomStream, count: number): number[] {
  return [...stream.shuffle(operations.length).subarray(0, count)].sort((a, b) => a - b);
}

/**
 * An image after some operations, one after another, each giving bytes.
 *
 * @param image RGB, left as it is.
 * @param drawn Places in {@linkcode operations}.
 */
export function augmented(image: Bytes, drawn: readonly number[], stream: RandomStream): Bytes {
  const changed = { ...image, data: image.data.slice() };
  for (const place of drawn) operations[place]![1](changed, stream);
  return changed;
}
