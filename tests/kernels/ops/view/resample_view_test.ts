import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { resampleView, viewInputSpecs } from "../../../../kernels/ops/view/resample_view.ts";
import { RandomStream } from "../../../../kernels/random.ts";
import { cropAndFlip, resizeBilinear, resizeNearest } from "../../../../kernels/reference/view/resample.ts";
import { resampleTaps } from "../../../../kernels/ops/view/resample_taps.ts";
import type { Bytes } from "../../../../kernels/ops/view/view_settings.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { drawGeometry } from "../../../../stages/views/draws.ts";
import { gpuTest } from "../../../support/gpu.ts";
import { runViews } from "../../../support/views.ts";

function noise(stream: RandomStream, width: number, height: number, channels: number): Bytes {
  const data = Uint8Array.from({ length: width * height * channels }, () => stream.integer(0, 255));
  return { width, height, channels, data };
}

gpuTest("views equal the twin's whole-image resize, cropped, at awkward sizes", async (device, t) => {
  for (const [width, height] of [[1, 1], [3, 2], [17, 23], [64, 64], [65, 31], [129, 70]] as const) {
    await t.step(`${width} × ${height}`, async () => {
      const samples = [[1, 1], [2, 1], [5, 97], [96, 7], [61, 45], [40, 40], [33, 80]].map(([w, h], i) => {
        const stream = new RandomStream({ seed: 3, stream: "views", sample: i, step: width });
        const size = { width: w!, height: h!, crop: Math.min(width, height), scale: [0.5, 2] as const };
        const geometry = drawGeometry(stream, size);
        return { image: noise(stream, w!, h!, 3), mask: noise(stream, w!, h!, 1), geometry };
      });
      const { images, validity, labels } = await runViews(device, samples, width, height);
      samples.forEach(({ image, mask, geometry }, n) => {
        const window = { ...geometry, width, height };
        const cut = (bytes: Bytes, fill: number) => cropAndFlip(bytes, { ...window, fill }).data;
        const whole = resizeBilinear(image, geometry.width, geometry.height);
        const name = `sample ${n}, ${JSON.stringify(geometry)}`;
        deepStrictEqual(images[n], cut(whole, 0), name);
        deepStrictEqual(labels[n], cut(resizeNearest(mask, geometry.width, geometry.height), 255), name);
        const ones = new Uint8Array(geometry.width * geometry.height).fill(1);
        deepStrictEqual(validity[n], cut({ ...whole, channels: 1, data: ones }, 0), name);
      });
    });
  }
});

gpuTest("a real label 255 or 0 is not padding: only validity says what is", async (device) => {
  const image = { width: 4, height: 4, channels: 3, data: new Uint8Array(48) };
  const mask = { width: 4, height: 4, channels: 1, data: new Uint8Array(16).fill(255) };
  const geometry = { sourceWidth: 4, sourceHeight: 4, width: 4, height: 4, x: 0, y: 0, flip: true };
  const view = await runViews(device, [{ image, mask, geometry }], 6, 5);
  strictEqual(view.validity[0]!.reduce((sum, valid) => sum + valid, 0), 16);
  strictEqual(view.labels[0]!.filter((label) => label === 255).length, 30);
  // Flipped after padding, as the padded crop is: padding lies on the left.
  deepStrictEqual([...view.validity[0]!.subarray(0, 6)], [0, 0, 1, 1, 1, 1]);
});

gpuTest("without masks there are no labels", async (device) => {
  const stream = new RandomStream({ seed: 1, stream: "unlabeled" });
  const geometry = drawGeometry(stream, { width: 20, height: 30, crop: 16, scale: [0.5, 2] });
  const view = await runViews(device, [{ image: noise(stream, 20, 30, 3), geometry }], 16, 16);
  deepStrictEqual([view.images.length, view.labels.length], [1, 0]);
});

Deno.test("weights of a tap sum to one but for rounding, and its pixels lie within the source", () => {
  for (
    const [source, target] of [[500, 250], [375, 188], [7, 3], [5, 2], [10, 20], [1, 2], [333, 334]] as const
  ) {
    const { first, counts, weights, nearest } = resampleTaps(source, target);
    for (let i = 0; i < target; i++) {
      const sum = weights.subarray(6 * i, 6 * i + 6).reduce((a, b) => a + b, 0);
      strictEqual(Math.abs(sum - 2 ** 22) <= 3, true, `${source} to ${target}, pixel ${i}: ${sum}`);
      strictEqual(first[i]! + counts[i]! <= source && nearest[i]! < source, true);
    }
  }
  throws(
    () => resampleTaps(100, 30),
    /Cannot resample 100 pixels to 30: 7 of them would make one, and at most 6 may/,
  );
  // Without antialiasing two pixels at most are mixed, however strong the shrinking.
  for (const [source, target] of [[100, 10], [101, 7], [9, 1], [30, 30], [13, 40]] as const) {
    const { first, counts, weights } = resampleTaps(source, target, 0, target, false);
    first.forEach((start, i) => {
      const center = Math.max((i + 0.5) * source / target - 0.5, 0), low = Math.floor(center);
      const wanted = new Array<number>(source).fill(0);
      wanted[low]! += 1 - (center - low);
      wanted[Math.min(low + 1, source - 1)]! += center - low;
      for (let k = 0; k < counts[i]!; k++) wanted[start + k]! -= weights[6 * i + k]! / 2 ** 22;
      ok(wanted.every((rest) => Math.abs(rest) < 1e-6), `${source} to ${target}, pixel ${i}`);
    });
  }
  throws(() => resampleTaps(0, 30), /lengths must be positive integers/);
});

Deno.test("inputs of other extents are refused", () => {
  const extents = { batch: 2, width: 8, height: 8, maxWidth: 20, maxHeight: 20, minRatio: 0.5 };
  const specs = viewInputSpecs("view", extents);
  const inputs = {
    pixels: makeTensor(specs.pixels),
    windows: makeTensor(specs.windows),
    taps: makeTensor(specs.taps),
  };
  throws(
    () => resampleView(new Graph(0), inputs, { ...extents, batch: 3 }),
    /Cannot resample views by view windows \[1,2,8\].*a u32 map \[1,3,8\] is needed/,
  );
});
