/** A data set is looked at as `load` will read it. @module */
import assert from "node:assert/strict";
import { type FilesConfig, openDataset } from "../../../stages/datasets/dataset.ts";
import type { LoadConfig, LoadInput } from "../../../stages/load.ts";
import { survey } from "../../../stages/survey/survey.ts";
import { folderConfig, indexMask, photograph, writeFiles } from "../datasets/folder/support.ts";
import { withFolder } from "../../support/stage_run.ts";

async function look(input: LoadInput, most = Infinity) {
  const config = folderConfig({ classes: ["background", "cat"], ...input }) as LoadConfig & FilesConfig;
  return await survey(config, await openDataset(config), { most });
}

Deno.test(
  "each role has its sizes and classes; what cannot be loaded is a fault, and the rest goes on",
  withFolder(async (folder) => {
    await writeFiles(folder, {
      ...Object.fromEntries([..."abcd"].map((name, i) => [`images/${name}.png`, photograph(9 * i)])),
      "images/e.png": "no picture",
      "masks/a.png": indexMask([0, 1]),
      "masks/b.png": indexMask([0, 0, 0, 1]),
      "masks/c.png": indexMask([0, 7]),
    });
    const { roles: [labeled, unlabeled, validation], faults } = await look({
      root: folder,
      validation: null,
    });
    assert.deepEqual([labeled!.listed, labeled!.decoded, unlabeled!.decoded, validation!.listed], [
      3,
      2,
      1,
      0,
    ]);
    assert.deepEqual([...labeled!.sizes], [["4 × 3", 3]]);
    assert.deepEqual(labeled!.labels.histogram, [
      { name: "background", pixels: 15, images: 2 },
      { name: "cat", pixels: 9, images: 2 },
    ]);
    assert.equal(labeled!.values!.masks, 3);
    assert.equal(faults.length, 2);
    assert.match(faults.join("\n"), /images\/c".*no class names: 7 \(6 pixels\)[^]*images\/e\.png/);
  }),
);

Deno.test(
  "an image that is in two roles is found by its bytes, whatever it is called",
  withFolder(async (folder) => {
    await writeFiles(folder, {
      "images/a.png": photograph(1),
      "images/b.png": photograph(2),
      "images/c.png": photograph(3),
      "masks/a.png": indexMask([0, 1]),
      "masks/b.png": indexMask([0, 1]),
      "val/images/other.png": photograph(1),
      "val/images/c2.png": photograph(3),
      "val/images/new.png": photograph(4),
      ...Object.fromEntries(
        ["other", "c2", "new"].map((name) => [`val/masks/${name}.png`, indexMask([0, 1])]),
      ),
    });
    const validation = { images: "val/images", masks: "val/masks" };
    const { findings } = await look({ root: folder, validation });
    assert.deepEqual(findings.map(({ isProblem, message }) => [isProblem, message]), [
      [
        false,
        "1 image is labeled and validation at once, byte for byte: what is scored was seen in training: " +
        "images/a (labeled) = val/images/other (validation)",
      ],
      [
        false,
        "1 image is unlabeled and validation at once, byte for byte: what is scored was seen in training: " +
        "images/c (unlabeled) = val/images/c2 (validation)",
      ],
    ]);
  }),
);

Deno.test(
  "so many of a role are looked at, evenly spaced",
  withFolder(async (folder) => {
    const names = Array.from({ length: 9 }, (_, i) => `x${i}`);
    await writeFiles(folder, {
      ...Object.fromEntries(names.map((name, i) => [`images/${name}.png`, photograph(i)])),
      ...Object.fromEntries(names.map((name) => [`masks/${name}.png`, indexMask([0, 1])])),
    });
    const { roles: [labeled] } = await look({ root: folder, validation: null }, 3);
    assert.deepEqual([labeled!.listed, labeled!.decoded], [9, 3]);
  }),
);
