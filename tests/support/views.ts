import type { Device } from "../../kernels/device.ts";
import { colorJitter } from "../../kernels/ops/view/color_jitter.ts";
import { gaussianBlur } from "../../kernels/ops/view/gaussian_blur.ts";
import { resampleView, viewInputSpecs } from "../../kernels/ops/view/resample_view.ts";
import type { Bytes, Photometric } from "../../kernels/ops/view/view_settings.ts";
import { photometricTable, ViewPacker, type ViewSample } from "../../stages/views/tables.ts";
import { type Given, runOp } from "./gpu.ts";

const given = (shape: readonly number[], values: ArrayLike<number>): Given => ({
  shape,
  values,
  layout: "map",
  dtype: "u32",
});

/** A batch's results, one array a sample. */
function bySample<T>(values: Float64Array, count: number, change: (part: Float64Array) => T): T[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, n) => change(values.subarray(n * size, (n + 1) * size)));
}

/** R | G << 8 | B << 16 a pixel → three bytes a pixel. */
function unpack(words: Float64Array): Uint8Array {
  const out = new Uint8Array(3 * words.length);
  words.forEach((word, i) => out.set([word & 255, (word >> 8) & 255, word >> 16], 3 * i));
  return out;
}

/** Packs samples, runs `resampleView` and reads bytes back, each sample's by itself. */
export async function runViews(
  device: Device,
  samples: readonly ViewSample[],
  width: number,
  height: number,
  minRatio = 0.5,
): Promise<{ images: Uint8Array[]; validity: Uint8Array[]; labels: Uint8Array[] }> {
  const extents = {
    batch: samples.length,
    width,
    height,
    minRatio,
    maxWidth: Math.max(...samples.map(({ image }) => image.width)),
    maxHeight: Math.max(...samples.map(({ image }) => image.height)),
  };
  const packed = new ViewPacker(extents).pack(samples);
  const specs = viewInputSpecs("test", extents);
  const input = (name: keyof typeof specs) => given(specs[name].shape, packed[name]);
  const withMasks = samples.every(({ mask }) => mask);
  const { outputs } = await runOp(
    device,
    { pixels: input("pixels"), masks: input("masks"), windows: input("windows"), taps: input("taps") },
    (graph, { masks, ...inputs }) => {
      const view = resampleView(graph, { ...inputs, ...(withMasks && { masks }) }, extents);
      return [view.image, view.validity, ...(view.labels ? [view.labels] : [])];
    },
  );
  const [image, validity, labels] = outputs;
  return {
    images: bySample(image!, samples.length, unpack),
    validity: bySample(validity!, samples.length, (part) => Uint8Array.from(part)),
    labels: labels ? bySample(labels, samples.length, (part) => Uint8Array.from(part)) : [],
  };
}

/** Runs `colorJitter` and `gaussianBlur` on images of one size. */
export async function runPhotometric(
  device: Device,
  images: readonly Bytes[],
  settings: readonly Photometric[],
): Promise<Uint8Array[]> {
  const { width, height } = images[0]!;
  const words = images.flatMap(({ data }) =>
    Array.from(
      { length: width * height },
      (_, i) => data[3 * i]! | (data[3 * i + 1]! << 8) | (data[3 * i + 2]! << 16),
    )
  );
  const table = photometricTable(settings);
  const { outputs } = await runOp(
    device,
    {
      image: given([images.length, height, width], words),
      settings: given([1, images.length, table.length / images.length], table),
    },
    (graph, { image, settings }) => [gaussianBlur(graph, colorJitter(graph, image, settings), settings)],
  );
  return bySample(outputs[0]!, images.length, unpack);
}
