import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { colorJitter } from "../../../../kernels/ops/view/color_jitter.ts";
import { RandomStream } from "../../../../kernels/random.ts";
import { photometric } from "../../../../kernels/reference/view/photometric.ts";
import type { Bytes, Photometric } from "../../../../kernels/ops/view/view_settings.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { drawPhotometric } from "../../../../stages/views/draws.ts";
import { gpuTest } from "../../../support/gpu.ts";
import { runPhotometric } from "../../../support/views.ts";

function noise(seed: number, width: number, height: number): Bytes {
  const stream = new RandomStream({ seed, stream: "noise" });
  const data = Uint8Array.from({ length: width * height * 3 }, () => stream.integer(0, 255));
  return { width, height, channels: 3, data };
}

gpuTest("drawn jitters, grays and blurs equal the twin at awkward sizes", async (device, t) => {
  for (const [width, height] of [[1, 1], [2, 3], [1, 37], [65, 1], [31, 67]] as const) {
    await t.step(`${width} × ${height}`, async () => {
      const settings = Array.from(
        { length: 40 },
        (_, sample) => drawPhotometric(new RandomStream({ seed: 5, stream: "strong", sample })),
      );
      const images = settings.map((_, i) => noise(i, width, height));
      const results = await runPhotometric(device, images, settings);
      settings.forEach((setting, n) => {
        deepStrictEqual(
          results[n],
          photometric(images[n]!, setting).data,
          `${n}: ${JSON.stringify(setting)}`,
        );
      });
    });
  }
});

gpuTest("hue goes to HSV and back as Pillow's floats do, for every 83rd color", async (device) => {
  const data = new Uint8Array(3 * 512 * 400);
  for (let i = 0; i < data.length / 3; i++) {
    const color = (i * 83) % 2 ** 24;
    data.set([color >> 16, (color >> 8) & 255, color & 255], 3 * i);
  }
  const image = { width: 512, height: 400, channels: 3, data };
  const settings = [0, 0.1, -0.25].map((hue): Photometric => ({
    gray: false,
    jitter: { order: [3], brightness: 1, contrast: 1, saturation: 1, hue },
  }));
  const results = await runPhotometric(device, settings.map(() => image), settings);
  settings.forEach((setting, n) => ok(equal(results[n]!, photometric(image, setting).data), `${n}`));
});

gpuTest("factors off the exact grid stay within 1", async (device) => {
  const image = noise(3, 90, 70);
  const jitter = { order: [0], brightness: 1.2345678, contrast: 0.7654321, saturation: 1.3333333, hue: 0 };
  const settings = [[0], [1], [2]].map((order): Photometric => ({
    gray: false,
    jitter: { ...jitter, order },
  }));
  const results = await runPhotometric(device, settings.map(() => image), settings);
  settings.forEach((setting, n) => {
    const expected = photometric(image, setting).data;
    ok(results[n]!.every((value, i) => Math.abs(value - expected[i]!) <= 1));
  });
});

Deno.test("a table for another batch is refused", () => {
  const image = makeTensor({ label: "view", shape: [2, 5, 5], dtype: "u32", layout: "map" });
  const settings = makeTensor({ label: "settings", shape: [1, 3, 12], dtype: "u32", layout: "map" });
  throws(
    () => colorJitter(new Graph(0), image, settings),
    /Cannot jitter colors by settings \[1,3,12\].*a u32 map \[1,2,12\] is needed/,
  );
});

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
