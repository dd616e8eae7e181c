import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { gaussianBox } from "../../../kernels/ops/view/gaussian_blur.ts";
import type { Bytes, Geometry, Photometric } from "../../../kernels/ops/view/view_settings.ts";
import { photometric as photometricTwin } from "../../../kernels/reference/view/photometric.ts";
import { cropAndFlip, resizeBilinear, resizeNearest } from "../../../kernels/reference/view/resample.ts";
import { decodeJpeg } from "../../../stages/codecs/jpeg.ts";
import golden from "../../golden/pillow_views.json" with { type: "json" };
import { gpuTest } from "../../support/gpu.ts";
import { decodeMask } from "../../support/masks.ts";
import { lacksShared, sharedPath, testWithShared } from "../../support/shared_data.ts";
import { runPhotometric, runViews } from "../../support/views.ts";

const { synthetic, crop } = golden;
const settings = golden.photometric as Record<string, Photometric>;
const names = Object.keys(settings);
const bytes = (width: number, height: number, channels: number, text: string): Bytes => ({
  width,
  height,
  channels,
  data: Uint8Array.fromBase64(text),
});
const image = bytes(synthetic.width, synthetic.height, 3, synthetic.image);
const mask = bytes(synthetic.width, synthetic.height, 1, synthetic.mask);
const expectedColors = synthetic.photometric as Record<string, string>;
const digest = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

Deno.test("the twins of resize, jitter, gray and blur give Pillow's bytes", () => {
  for (const { width, height, ...expected } of synthetic.resized) {
    const resized = resizeBilinear(image, width, height);
    deepStrictEqual(resized, bytes(width, height, 3, expected.image), `${width} × ${height}`);
    deepStrictEqual(resizeNearest(mask, width, height), bytes(width, height, 1, expected.mask));
  }
  for (const name of names) {
    const expected = Uint8Array.fromBase64(expectedColors[name]!);
    deepStrictEqual(photometricTwin(image, settings[name]!).data, expected, name);
  }
});

Deno.test("a Gaussian's box keeps what it blurs: its weights sum to 2²⁴, but for the last bits", () => {
  for (const sigma of [0.1, 0.5, 1, 2, 7.7, 20]) {
    const { radius, weight, endWeight } = gaussianBox(sigma);
    const sum = (2 * radius + 1) * weight + 2 * endWeight;
    strictEqual(sum === 2 ** 24 || sum === 2 ** 24 - 1, true, `sigma ${sigma}: ${sum}`);
  }
});

gpuTest("the device gives Pillow's bytes for a resized image and its mask", async (device) => {
  const samples = synthetic.resized.map(({ width, height }) => ({
    image,
    mask,
    geometry: {
      sourceWidth: image.width,
      sourceHeight: image.height,
      width,
      height,
      x: 0,
      y: 0,
      flip: false,
    },
  }));
  const view = await runViews(device, samples, 46, 38);
  synthetic.resized.forEach(({ width, height, ...expected }, n) => {
    const whole = { x: 0, y: 0, width: 46, height: 38, flip: false };
    const padded = cropAndFlip(bytes(width, height, 3, expected.image), { ...whole, fill: 0 });
    deepStrictEqual(view.images[n], padded.data, `${width} × ${height}`);
    const labels = cropAndFlip(bytes(width, height, 1, expected.mask), { ...whole, fill: 255 });
    deepStrictEqual(view.labels[n], labels.data, `labels at ${width} × ${height}`);
  });
});

gpuTest("the device gives Pillow's bytes for jitter in every order tried, gray and blur", async (device) => {
  const results = await runPhotometric(device, names.map(() => image), names.map((name) => settings[name]!));
  names.forEach((name, n) => {
    deepStrictEqual(results[n], Uint8Array.fromBase64(expectedColors[name]!), name);
  });
});

async function readSample(root: string, name: string, geometry: Omit<Geometry, `source${string}`>) {
  const jpeg = await Deno.readFile(`${root}/JPEGImages/${name}.jpg`);
  const png = await Deno.readFile(`${root}/SegmentationClass/${name}.png`);
  const image = await decodeJpeg(jpeg, name), mask = decodeMask(png, name);
  return { image, mask, geometry: { ...geometry, sourceWidth: image.width, sourceHeight: image.height } };
}

const photographs = Object.entries(golden.photographs);

gpuTest(
  "photographs become Pillow's views, byte by byte",
  async (device) => {
    const voc = sharedPath("data/voc")!;
    const samples = await Promise.all(
      photographs.map(([name, { geometry }]) => readSample(voc, name, geometry)),
    );
    const views = await runViews(device, samples, crop, crop);
    for (const [n, [photograph, expected]] of photographs.entries()) {
      strictEqual(digest(views.images[n]!), expected.view, `${photograph}: image`);
      strictEqual(digest(views.labels[n]!), expected.labels, `${photograph}: labels`);
      const view: Bytes = { width: crop, height: crop, channels: 3, data: views.images[n]! };
      const results = await runPhotometric(
        device,
        names.map(() => view),
        names.map((name) => settings[name]!),
      );
      const digests = Object.fromEntries(names.map((name, i) => [name, digest(results[i]!)]));
      deepStrictEqual(digests, expected.photometric, photograph);
    }
  },
  lacksShared("data/voc"),
);

testWithShared("data/voc", "the twins give Pillow's bytes on a photograph", async (root) => {
  const [name, expected] = photographs[2]!;
  const { image, mask, geometry } = await readSample(root, name, expected.geometry);
  const window = { ...geometry, width: crop, height: crop };
  const view = cropAndFlip(resizeBilinear(image, geometry.width, geometry.height), { ...window, fill: 0 });
  const labels = cropAndFlip(resizeNearest(mask, geometry.width, geometry.height), { ...window, fill: 255 });
  strictEqual(digest(view.data), expected.view);
  strictEqual(digest(labels.data), expected.labels);
  for (const name of ["order 1032", "all"] as const) {
    strictEqual(digest(photometricTwin(view, settings[name]!).data), expected.photometric[name], name);
  }
});
