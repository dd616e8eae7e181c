import assert from "node:assert/strict";
import { join } from "node:path";
import { RandomStream } from "../../kernels/random.ts";
import type { Photometric } from "../../kernels/ops/view/view_settings.ts";
import { toRgb } from "../../stages/codecs/image.ts";
import { decodeJpeg } from "../../stages/codecs/jpeg.ts";
import { decodePng } from "../../stages/codecs/png.ts";
import { drawGeometry, drawPhotometric } from "../../stages/views/draws.ts";
import golden from "../golden/pillow_views.json" with { type: "json" };
import { testDevice } from "../support/gpu.ts";
import { decodeMask } from "../support/masks.ts";
import { runPython, testWithPython } from "../support/python.ts";
import { sharedPath } from "../support/shared_data.ts";
import { runPhotometric, runViews } from "../support/views.ts";

const SIDE = 257;
const script = new URL("../golden/pillow_live.py", import.meta.url);

/** How far two results are apart, in gray levels. */
function apart(found: Uint8Array, expected: Uint8Array): { most: number; mean: number } {
  assert.equal(found.length, expected.length);
  let most = 0, sum = 0;
  found.forEach((value, i) => {
    const error = Math.abs(value - expected[i]!);
    most = Math.max(most, error);
    sum += error;
  });
  return { most, mean: sum / found.length };
}

interface Photograph {
  readonly image: string;
  readonly mask: string;
}

/** Photographs that the golden files know nothing of. */
function photographs(dataset: string, count: number): Photograph[] {
  const root = sharedPath(`data/${dataset}`);
  if (root === undefined) return [];
  const [images, masks] = dataset === "voc" ? ["JPEGImages", "SegmentationClass"] : ["test", "testannot"];
  const names = [...Deno.readDirSync(join(root, masks))].map(({ name }) => name.slice(0, -4)).sort()
    .filter((name) => !Object.hasOwn(golden.photographs, name));
  const every = Math.floor(names.length / count);
  return Array.from({ length: count }, (_, i) => names[i * every]!).map((name) => ({
    image: join(root, images, `${name}.${dataset === "voc" ? "jpg" : "png"}`),
    mask: join(root, masks, `${name}.png`),
  }));
}

const sources = [...photographs("voc", 10), ...photographs("camvid", 3)];

testWithPython(
  ["numpy", "PIL"],
  `views as training draws them are Pillow's, on other photographs`,
  async (python) => {
    const device = await testDevice();
    const folder = await Deno.makeTempDir();
    const at = (name: string) => join(folder, name);
    try {
      const streamOf = (stream: string, sample: number) =>
        new RandomStream({ seed: 3, stream, epoch: 1, sample });
      const samples = await Promise.all(sources.map(async ({ image, mask }, i) => {
        const bytes = await Deno.readFile(image);
        const pixels = image.endsWith(".jpg") ? await decodeJpeg(bytes, image) : decodePng(bytes, image);
        const { width, height } = pixels;
        return {
          image: { width, height, channels: 3, data: toRgb(pixels) },
          mask: decodeMask(await Deno.readFile(mask), mask),
          geometry: drawGeometry(streamOf("geometry", i), { width, height, crop: SIDE, scale: [0.5, 2] }),
        };
      }));
      const views = await runViews(device, samples, SIDE, SIDE);
      // Each view with jitter and gray, with blur alone, and with whatever is drawn.
      const settings = sources.flatMap((_, i): { view: number; values: Photometric }[] => {
        const always = { probability: 1 };
        const jitter = { ...always, brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.25 };
        const draw = (name: string, jitterOf = jitter, gray = 0.2, blur = 0) =>
          drawPhotometric(streamOf(name, i), {
            jitter: jitterOf,
            gray: { probability: gray },
            blur: { probability: blur, sigma: [0.1, 2] },
          });
        return [
          draw("jitter"),
          draw("blur", { ...jitter, probability: 0 }, 0, 1),
          draw("all", jitter, 0.2, 1),
        ]
          .map((values) => ({ view: i, values }));
      });
      const view = (i: number) => ({ width: SIDE, height: SIDE, channels: 3, data: views.images[i]! });
      const colored = await runPhotometric(
        device,
        settings.map((each) => view(each.view)),
        settings.map(({ values }) => values),
      );
      await Promise.all(views.images.map((pixels, i) => Deno.writeFile(at(`view-${i}`), pixels)));
      const tasks = [
        ...sources.map((source, i) => ({
          ...source,
          geometry: samples[i]!.geometry,
          side: SIDE,
          out: at(`pillow-${i}`),
        })),
        ...settings.map((each, i) => ({
          pixels: at(`view-${each.view}`),
          settings: each.values,
          side: SIDE,
          out: at(`colors-${i}`),
        })),
      ];
      await Deno.writeTextFile(at("tasks.json"), JSON.stringify(tasks));
      assert.equal(await runPython(python, script, at("tasks.json")), tasks.length);

      let unequal = 0;
      for (const [i, { image }] of sources.entries()) {
        const { most, mean } = apart(views.images[i]!, await Deno.readFile(at(`pillow-${i}.image`)));
        assert.ok(most <= 1 && mean < 0.25, `${image}: ${most} at most, ${mean} on average`);
        assert.deepEqual(views.labels[i], await Deno.readFile(at(`pillow-${i}.mask`)), image);
        unequal += Number(most > 0);
      }
      for (const [i, { view, values }] of settings.entries()) {
        const { most, mean } = apart(colored[i]!, await Deno.readFile(at(`colors-${i}`)));
        const limit = values.blur === undefined ? 1 : 2;
        const what = `${sources[view]!.image}, ${JSON.stringify(values)}`;
        assert.ok(most <= limit && mean < 0.25, `${what}: ${most} at most, ${mean} on average`);
        unequal += Number(most > 0);
      }
      console.log(`${tasks.length} views; ${unequal} of them are not Pillow's to the byte`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
  sources.length === 0 ? "../shared/data is absent" : undefined,
);
