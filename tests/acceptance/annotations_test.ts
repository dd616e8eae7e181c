/** Twenty photographs of which six were annotated: loaded from LabelMe's files, and from COCO's, they have the very masks. @module */
import assert from "node:assert/strict";
import { CocoWriter, writeLabelMe } from "../../stages/annotations/write.ts";
import { decodePicture } from "../../stages/codecs/picture.ts";
import { decodePng } from "../../stages/codecs/png.ts";
import { pascalClasses } from "../../stages/datasets/classes.ts";
import type { LoadInput } from "../../stages/load.ts";
import { loadFolder } from "../stages/datasets/folder/support.ts";
import { testWithShared } from "../support/shared_data.ts";

testWithShared(
  "data/voc",
  "six of twenty photographs are labeled by LabelMe's and by COCO's files",
  async (voc) => {
    const folder = await Deno.makeTempDir({ prefix: "crossview-" });
    try {
      const all = [...Deno.readDirSync(`${voc}/SegmentationClass`)].map(({ name }) =>
        name.replace(/\.png$/, "")
      ).sort();
      const ids = all.filter((_, index) => index % Math.floor(all.length / 20) === 0).slice(0, 20);
      const annotated = ids.filter((_, index) => index % 3 === 0).slice(0, 6);
      const options = { classes: pascalClasses, tolerance: 0 };
      const coco = new CocoWriter(options), masks = new Map<string, Uint8Array>();
      await Deno.mkdir(`${folder}/photos`);
      for (const id of ids) {
        const jpeg = await Deno.readFile(`${voc}/JPEGImages/${id}.jpg`);
        await Deno.writeFile(`${folder}/photos/${id}.jpg`, jpeg);
        if (!annotated.includes(id)) continue;
        const { width, height } = await decodePicture(jpeg, id);
        const { data } = decodePng(await Deno.readFile(`${voc}/SegmentationClass/${id}.png`), id);
        // Annotation tools know no void.
        const labels = Uint8Array.from(data, (label) => label === 255 ? 0 : label);
        masks.set(`photos/${id}`, labels);
        const picture = { picture: `${id}.jpg`, width, height, labels };
        await Deno.writeTextFile(`${folder}/photos/${id}.json`, writeLabelMe(picture, options));
        coco.add(picture);
      }
      await Deno.writeTextFile(`${folder}/instances.json`, coco.text());

      const common: LoadInput = { root: folder, images: "photos", classes: pascalClasses.names };
      for (const annotations of ["labelme", { format: "coco", path: "instances.json" }] as const) {
        const loaded = await loadFolder({ ...common, annotations, validation: 2 }, `${folder}/out`);
        const { labeled, unlabeled, validation } = loaded;
        assert.deepEqual([labeled.length, unlabeled.length, validation.length], [4, 14, 2]);
        for (const set of [labeled, validation]) {
          set.ids.forEach((id, index) => assert.deepEqual(set.mask(index), masks.get(id), id));
        }
        assert.ok(
          new Set([...masks.values()].flatMap((mask) => [...new Set(mask)])).size > 2,
          "several classes",
        );
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
