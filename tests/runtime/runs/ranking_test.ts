import assert from "node:assert/strict";
import { join } from "node:path";
import { readRanking, writeRanking } from "../../../runtime/runs/ranking.ts";
import { decodePng } from "../../../stages/codecs/png.ts";
import { encodePalettePng } from "../../../stages/codecs/png_encoder.ts";
import type { PseudoLabels } from "../../../stages/datasets/pseudo_labels.ts";
import type { ImageSet } from "../../../stages/datasets/samples.ts";
import { CONFLICT_PALETTE, fileNames } from "../../../stages/evaluation/pictures.ts";

/** So many gray images of 400 × 20 pixels, on the more of which two networks disagree the later they come. */
function labeled(count: number, ids = Array.from({ length: count }, (_, n) => `scene ${n}`)) {
  const width = 400, height = 20, folders = fileNames(ids);
  const images: ImageSet = {
    length: count,
    ids,
    size: () => ({ width, height }),
    image: () => new Uint8Array(3 * width * height).fill(100),
  };
  const conflict = (n: number) => new Uint8Array(width * height).fill(1, width * height - 100 * n);
  const labels: PseudoLabels = {
    names: [],
    read: (name) => {
      const disagreed = conflict(folders.indexOf(name.split("/")[0]!));
      return Promise.resolve(encodePalettePng(disagreed, width, height, CONFLICT_PALETTE));
    },
    index: {
      threshold: 0.95,
      classes: ["a", "b"],
      entries: ids.map((id, n) => ({ id, folder: folders[n]!, kept: 1, conflict: n / 80 })),
    },
  };
  return { images, labels };
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("all images are ranked in next.json, and the first twelve have small pictures in the run's folder", () =>
  inFolder(async (folder) => {
    const written = await writeRanking(folder, labeled(15));
    assert.deepEqual(await readRanking(folder), written);
    assert.deepEqual([written.by, written.images.length], ["disagreement", 15]);
    assert.deepEqual(written.images[0], {
      id: "scene 14",
      score: 14 / 80,
      share: 14 / 80,
      image: "next/scene_14/image.png",
      map: "next/scene_14/map.png",
    });
    assert.deepEqual(written.images.map(({ map }) => map !== undefined), [
      ...new Array(12).fill(true),
      ...new Array(3).fill(false),
    ]);
    const [image, map] = await Promise.all(
      ["image", "map"].map(async (name) =>
        decodePng(await Deno.readFile(join(folder, "next/scene_14", `${name}.png`)), name)
      ),
    );
    assert.deepEqual([image!.width, image!.height, map!.width, map!.height], [192, 10, 192, 10]);
    // The last rows are those on which the networks disagree.
    assert.deepEqual([...map!.data.slice(-3)], [255, 214, 0]);
    const first = Deno.readTextFileSync(join(folder, "next.json"));
    await writeRanking(folder, labeled(15));
    assert.equal(Deno.readTextFileSync(join(folder, "next.json")), first);
  }));

Deno.test("an image may be called anything: its pictures stay in the folder", () =>
  inFolder(async (folder) => {
    const ids = ["../../evil", "<img src=x onerror=alert(1)>", "a\u001b[31m", "x".repeat(300)];
    const { images } = await writeRanking(folder, labeled(4, ids));
    assert.deepEqual(images.map(({ id }) => id), ids.toReversed());
    for (const { map } of images) assert.match(map!, /^next\/[\w.-]{1,200}\/map\.png$/);
    assert.equal([...Deno.readDirSync(join(folder, "next"))].length, 4);
  }));

Deno.test("a next.json that is none counts for nothing", () =>
  inFolder(async (folder) => {
    assert.equal(await readRanking(folder), undefined);
    const image = { id: "a", score: 0.5, share: 0.5 };
    const texts = [
      "{",
      "[]",
      JSON.stringify({ by: "chance", images: [] }),
      JSON.stringify({ by: "confidence", images: [{ ...image, score: "0.5" }] }),
      JSON.stringify({ by: "confidence", images: [{ ...image, map: "../../map.png" }] }),
      JSON.stringify({ by: "confidence", images: [{ ...image, image: "pictures/a.png" }] }),
    ];
    for (const text of texts) {
      await Deno.writeTextFile(join(folder, "next.json"), text);
      assert.equal(await readRanking(folder), undefined, text);
    }
    await Deno.writeTextFile(
      join(folder, "next.json"),
      JSON.stringify({ by: "confidence", images: [image] }),
    );
    assert.deepEqual(await readRanking(folder), { by: "confidence", images: [image] });
  }));
