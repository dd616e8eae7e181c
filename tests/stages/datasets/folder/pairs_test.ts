/** Which files of a folder are images and masks, in which order, and what is passed over. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { codePointOrder, drawn } from "../../../../stages/datasets/folder/order.ts";
import { findPairs } from "../../../../stages/datasets/folder/pairs.ts";
import { parsePattern } from "../../../../stages/datasets/folder/pattern.ts";
import { findFiles } from "../../../../stages/datasets/folder/walk.ts";
import { skip } from "../../../support/skip.ts";
import { withFolder } from "../../../support/stage_run.ts";
import { writeFiles } from "./support.ts";

const empty = (...names: string[]) => Object.fromEntries(names.map((name) => [name, ""]));

/** Image and mask of each sample. */
async function pairsOf(folder: string, names: readonly string[], images: string, masks: string) {
  await writeFiles(folder, empty(...names));
  const { samples, ...rest } = findPairs(folder, { images, masks });
  return {
    pairs: samples.map(({ image, mask }) => [image, mask]),
    ids: samples.map(({ id }) => id),
    ...rest,
  };
}

Deno.test(
  "a mask has its image's path below the folder, whatever its extension",
  withFolder(async (folder) => {
    const { pairs, ids, orphans } = await pairsOf(
      folder,
      [
        "i/a.jpg",
        "i/b.JPEG",
        "i/deep/er/a.tif",
        "i/c.webp",
        "m/a.png",
        "m/b.bmp",
        "m/deep/er/a.PNG",
        "m/x.png",
      ],
      "i",
      "m/",
    );
    deepStrictEqual(pairs, [
      ["i/a.jpg", "m/a.png"],
      ["i/b.JPEG", "m/b.bmp"],
      ["i/c.webp", undefined],
      ["i/deep/er/a.tif", "m/deep/er/a.PNG"],
    ]);
    deepStrictEqual(ids, ["i/a", "i/b", "i/c", "i/deep/er/a"]);
    deepStrictEqual(orphans, ["m/x.png"]);
  }),
);

Deno.test(
  "side by side, a star tells images and masks apart",
  withFolder(async (folder) => {
    const names = ["a.jpg", "a.png", "b.jpg", "sub/c.jpg", "sub/c.png"];
    deepStrictEqual((await pairsOf(`${folder}/1`, names, "*.jpg", "*.png")).pairs, [
      ["a.jpg", "a.png"],
      ["b.jpg", undefined],
      ["sub/c.jpg", "sub/c.png"],
    ]);
    const suffixed = ["a.png", "a_mask.png", "b.jpg", "b_mask.png", "c.jpg"];
    deepStrictEqual((await pairsOf(`${folder}/2`, suffixed, ".", "*_mask")).pairs, [
      ["a.png", "a_mask.png"],
      ["b.jpg", "b_mask.png"],
      ["c.jpg", undefined],
    ]);
    const city = [
      "l/train/aachen/aachen_1_leftImg8bit.png",
      "g/train/aachen/aachen_1_gtFine_labelTrainIds.png",
    ];
    deepStrictEqual(
      (await pairsOf(`${folder}/3`, city, "l/train/*_leftImg8bit", "g/train/*_gtFine_labelTrainIds.png"))
        .pairs,
      [city],
    );
  }),
);

Deno.test(
  "names with spaces, of other scripts and in either form of Unicode are paired",
  withFolder(async (folder) => {
    const composed = "M\u00fcller 1", decomposed = "Mu\u0308ller 1";
    const { pairs, ids } = await pairsOf(
      folder,
      [`i/${decomposed}.jpg`, `m/${composed}.png`, "i/\u5199\u771f (2).jpg", "m/\u5199\u771f (2).png"],
      "i",
      "m",
    );
    deepStrictEqual(pairs, [[`i/${decomposed}.jpg`, `m/${composed}.png`], [
      "i/\u5199\u771f (2).jpg",
      "m/\u5199\u771f (2).png",
    ]]);
    strictEqual(ids[0], `i/${composed}`);
  }),
);

Deno.test(
  "two images or two masks of one name are refused with both and the way out",
  withFolder(async (folder) => {
    await writeFiles(folder, empty("i/a.jpg", "i/a.png", "m/a.png", "m/a.tif", "j/a.jpg"));
    throws(
      () => findPairs(folder, { images: "i", masks: "m" }),
      /Cannot tell which of "i\/a.jpg" and "i\/a.png" .* load\.images, "i", .* load\.images="i\/\*\.jpg"\./,
    );
    throws(
      () => findPairs(folder, { images: "j", masks: "m" }),
      /which of "m\/a.png" and "m\/a.tif" .* load\.masks="m\/\*\.png"/,
    );
    strictEqual(findPairs(folder, { images: "i/*.jpg", masks: "m/*.tif" }).samples.length, 1);
  }),
);

Deno.test(
  "a folder without pictures, and none at all, are refused",
  withFolder(async (folder) => {
    await writeFiles(folder, empty("i/notes.txt", "m/a.png"));
    throws(
      () => findPairs(folder, { images: "i", masks: "m" }),
      /no picture fits load\.images, "i", that is not a mask/,
    );
    throws(
      () => findPairs(folder, { images: "x", masks: "m" }),
      /Cannot look through ".*\/x": there is no such folder\. Name the folders/,
    );
  }),
);

Deno.test(
  "what is hidden, the system's, no picture, or was written by a run is passed over, and told",
  withFolder(async (folder) => {
    await writeFiles(
      folder,
      empty(
        "a.jpg",
        "._a.jpg",
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "readme.md",
        ".thumbnails/a.jpg",
        "__MACOSX/b.jpg",
        "runs/x/1/run.json",
        "runs/x/1/events.jsonl",
        "runs/x/1/pictures/a.png",
        "predictions/written.sha256",
        "predictions/masks/a.png",
      ),
    );
    deepStrictEqual(findFiles(folder, [""]), {
      pictures: ["a.jpg"],
      others: [".DS_Store", "._a.jpg", "Thumbs.db", "desktop.ini", "predictions/", "readme.md", "runs/x/1/"],
    });
  }),
);

Deno.test(
  "links are followed, and one that leads up or nowhere ends there",
  withFolder(async (folder) => {
    await writeFiles(folder, empty("data/a.jpg", "elsewhere/b.jpg"));
    await Deno.symlink("../elsewhere", `${folder}/data/linked`);
    await Deno.symlink("..", `${folder}/elsewhere/up`);
    await Deno.symlink(".", `${folder}/data/self`);
    await Deno.symlink("../elsewhere/b.jpg", `${folder}/data/c.jpg`);
    await Deno.symlink("nowhere.jpg", `${folder}/data/lost.jpg`);
    const { pictures } = findFiles(`${folder}/data`, [""]);
    deepStrictEqual(pictures.filter((path) => !path.startsWith("linked/up/")), [
      "a.jpg",
      "c.jpg",
      "linked/b.jpg",
      "lost.jpg",
    ]);
  }),
);

Deno.test(
  "a name that is no UTF-8 is refused with the folder where it stands",
  withFolder(async (folder) => {
    await writeFiles(folder, empty("a.jpg"));
    const { success } = await new Deno.Command("sh", {
      args: ["-c", `: > "$(printf 'b\\377.jpg')"`],
      cwd: folder,
    }).output();
    if (!success) return skip("the file system takes no name that is no UTF-8");
    throws(
      () => findFiles(folder, [""]),
      /b\ufffd\.jpg": its name is no UTF-8, and cannot be told\. Rename it/,
    );
  }),
);

Deno.test("the order is by code points, in every language and beyond 16 bits", () => {
  const names = ["\u{1f600}", "\uff21", "b", "a", "B", "10", "9", "\u00e9", "a/b", "a b", "ab"];
  const bytes = (text: string) =>
    [...new TextEncoder().encode(text)].map((byte) => String.fromCharCode(byte)).join("");
  deepStrictEqual(names.toSorted(codePointOrder), names.toSorted((a, b) => (bytes(a) < bytes(b) ? -1 : 1)));
});

Deno.test("who is drawn depends on names and seed alone: one name more moves one place at most", () => {
  const names = Array.from({ length: 40 }, (_, i) => `images/${i}`), of = (name: string) => name;
  const ten = drawn(names, 10, 1, of);
  deepStrictEqual(drawn(names.toReversed(), 10, 1, of).sort(), ten.toSorted());
  deepStrictEqual(ten, names.filter((name) => ten.includes(name)));
  for (let extra = 40; extra < 60; extra++) {
    const again = drawn([...names, `images/${extra}`], 10, 1, of);
    strictEqual(again.filter((name) => ten.includes(name)).length >= 9, true);
  }
  deepStrictEqual(drawn(names, 4, 1, of).every((name) => ten.includes(name)), true);
  strictEqual(drawn(names, 10, 2, of).every((name) => ten.includes(name)), false);
});

Deno.test("a pattern's key is what the star stands for; a folder's, the path below it", () => {
  const key = (pattern: string, path: string) => parsePattern(pattern).key(path);
  strictEqual(key("a/b", "a/b/c/d.jpg"), "c/d");
  strictEqual(key("a/b", "a/bc/d.jpg"), undefined);
  strictEqual(key(".", "x.y.png"), "x.y");
  strictEqual(key("./m/*_mask.png", "m/x_mask.png"), "x");
  strictEqual(key("m/*_mask.png", "m/x_mask.tif"), undefined);
  strictEqual(key("m/*_mask", "m/x_mask.tif"), "x");
  strictEqual(key("m/*_mask", "m/_mask.tif"), undefined);
  strictEqual(key("m", "m/notes.txt"), undefined);
  strictEqual(key("img_*", "img_7.png"), "7");
});
