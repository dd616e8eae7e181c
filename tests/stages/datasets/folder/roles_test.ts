/** Who of a folder is labeled, scored or neither, by numbers, shares, folders and lists. */
import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import type { LoadInput } from "../../../../stages/load.ts";
import { openDataset } from "../../../../stages/datasets/dataset.ts";
import { withFolder } from "../../../support/stage_run.ts";
import { folderConfig, writeFiles } from "./support.ts";

/** Images 0 to 9, of which 0 to 7 have a mask. */
const ten = Object.fromEntries([
  ...Array.from({ length: 10 }, (_, i) => [`images/${i}.jpg`, ""]),
  ...Array.from({ length: 8 }, (_, i) => [`masks/${i}.png`, ""]),
]);

async function rolesOf(folder: string, input: LoadInput) {
  const config = folderConfig({ root: folder, classes: ["a", "b"], ...input });
  const { lists, notes } = await openDataset({ ...config, dataset: "folder" });
  const digits = (role: "labeled" | "unlabeled" | "validation") =>
    lists[role].samples.map(({ image }) => image.replace(/^.*\/|\..*$/g, "")).join("");
  return {
    labeled: digits("labeled"),
    unlabeled: digits("unlabeled"),
    validation: digits("validation"),
    notes,
  };
}

const withTen = (run: (folder: string) => Promise<void>) =>
  withFolder(async (folder) => {
    await writeFiles(folder, ten);
    await run(folder);
  });

Deno.test(
  "numbers and shares say how many are scored and labeled, and all have one role",
  withTen(async (folder) => {
    for (
      const [input, validation, labeled] of [
        [{}, 2, 6],
        [{ validation: 0.5 }, 4, 4],
        [{ validation: 0.01 }, 1, 7],
        [{ validation: 0.99 }, 7, 1],
        [{ validation: 3, labeled: 2 }, 3, 2],
        [{ validation: null, labeled: 0.25 }, 0, 2],
      ] as const
    ) {
      const found = await rolesOf(folder, input);
      deepStrictEqual(
        [found.validation.length, found.labeled.length],
        [validation, labeled],
        JSON.stringify(input),
      );
      strictEqual([...found.labeled, ...found.unlabeled, ...found.validation].sort().join(""), "0123456789");
    }
    const [one, other] = [await rolesOf(folder, {}), await rolesOf(folder, { splitSeed: 2 })];
    deepStrictEqual(one, await rolesOf(folder, {}));
    strictEqual(one.validation === other.validation, false);
  }),
);

Deno.test(
  "more than there are cannot be drawn, and one stays labeled",
  withTen(async (folder) => {
    await rejects(
      rolesOf(folder, { validation: 8 }),
      /load\.validation=8 images of 8 with a mask: 7 can be had, as one must/,
    );
    await rejects(
      rolesOf(folder, { validation: null, labeled: 9 }),
      /load\.labeled=9 images of 8 with a mask: 8 can be had/,
    );
  }),
);

Deno.test(
  "a single labeled image is labeled, and nothing is scored, which is said",
  withFolder(async (folder) => {
    await writeFiles(folder, { "images/0.jpg": "", "images/1.jpg": "", "masks/0.png": "" });
    const { labeled, validation, notes } = await rolesOf(folder, {});
    deepStrictEqual([labeled, validation], ["0", ""]);
    match(notes[0]!, /validation: none, so nothing is scored: 1 image with a mask must be labeled/);
  }),
);

Deno.test(
  "validation may have folders of its own, also within those of the training",
  withTen(async (folder) => {
    await writeFiles(folder, { "images/val/x.jpg": "", "images/val/y.jpg": "", "masks/val/x.png": "" });
    const validation = { images: "images/val", masks: "masks/val" };
    const found = await rolesOf(folder, { validation });
    deepStrictEqual([found.labeled, found.unlabeled, found.validation], ["01234567", "89", "x"]);
    match(found.notes[0]!, /1 image without a mask not scored: images\/val\/y\.jpg/);
    await rejects(
      rolesOf(folder, { validation: { images: "images/val", masks: "masks/x" } }),
      /there is no such folder/,
    );
    await rejects(
      rolesOf(folder, { validation: { images: "images/val", masks: "masks/*_nothing" } }),
      /none of its 2 images has a mask that fits load\.validation\.masks, "masks\/\*_nothing"/,
    );
  }),
);

Deno.test(
  "lists name what they name, and the rest goes as without them",
  withTen(async (folder) => {
    const lists = { labeled: `${folder}/l.txt`, unlabeled: `${folder}/u.txt`, validation: `${folder}/v.txt` };
    await Deno.writeTextFile(lists.labeled, "images/0.jpg masks/0.png\nimages/1.jpg\n2\n");
    await Deno.writeTextFile(lists.unlabeled, "3\n9\n");
    await Deno.writeTextFile(lists.validation, "4\n5\n");
    const role = async (input: LoadInput) => {
      const { labeled, unlabeled, validation } = await rolesOf(folder, input);
      return [labeled, unlabeled, validation];
    };
    deepStrictEqual(await role({ lists }), ["012", "39", "45"]);
    const { labeled, validation } = lists;
    deepStrictEqual(await role({ lists: { labeled, validation } }), ["012", "36789", "45"]);
    deepStrictEqual(await role({ lists: { validation } }), ["012367", "89", "45"]);
    deepStrictEqual(await role({ lists: { labeled }, validation: null }), ["012", "3456789", ""]);
    const drawn = await rolesOf(folder, { lists: { labeled } });
    deepStrictEqual([drawn.labeled, drawn.validation.length], ["012", 1]);
    deepStrictEqual((await role({ lists, labeled: 2 }))[0]!.length, 2);
    await rejects(role({ lists, validation: 0.5 }), /load\.validation: load\.lists\.validation names/);
    await Deno.writeTextFile(lists.labeled, "9\n");
    await rejects(
      role({ lists: { labeled } }),
      /"images\/9\.jpg" \(".*l\.txt", line 1\): the line names no mask, and none fits/,
    );
  }),
);

Deno.test(
  "where no mask has an image's name, the error gives a pattern that fits",
  withFolder(async (folder) => {
    await writeFiles(folder, { "images/a.jpg": "", "masks/a_mask.png": "" });
    await rejects(
      rolesOf(folder, {}),
      /no image is labeled, as no mask is called .* "images\/a\.jpg" and "masks\/a_mask\.png".* load\.masks="masks\/\*_mask\.png"/,
    );
    deepStrictEqual((await rolesOf(folder, { masks: "masks/*_mask.png" })).labeled, "a");
    await writeFiles(`${folder}/other`, { "images/a.jpg": "", "masks/notes.txt": "" });
    await rejects(
      rolesOf(`${folder}/other`, {}),
      /no image is labeled, as no picture fits load\.masks, "masks"/,
    );
    await rejects(
      rolesOf(`${folder}/none`, {}),
      /Cannot load a folder from ".*none": there is no such folder/,
    );
  }),
);

Deno.test(
  "masks without an image and files that are passed over are told",
  withTen(async (folder) => {
    await writeFiles(folder, { "masks/99.png": "", "images/Thumbs.db": "", "images/._1.jpg": "" });
    const { notes } = await rolesOf(folder, { validation: 1 });
    deepStrictEqual(notes.slice(1), [
      "1 mask without an image passed over: masks/99.png",
      "2 files passed over, hidden or not named as a picture: images/._1.jpg, images/Thumbs.db",
    ]);
  }),
);
