/** What `load` refuses, and how it says so. @module */
import { ok, rejects } from "node:assert/strict";
import { UserError } from "../../pipeline/errors.ts";
import { encodePalettePng } from "../../stages/codecs/png_encoder.ts";
import golden from "../golden/pillow_small.json" with { type: "json" };
import { specialFiles } from "../support/disks/special_files.ts";
import { skip } from "../support/skip.ts";
import { withFolder } from "../support/stage_run.ts";
import { image, makeRoot, mask, palette, runLoad, sourcesOf } from "./load_support.ts";

const labeledList = "ImageSets/labeled.txt";
const cut = (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 20);
const wide = encodePalettePng(new Uint8Array(15), 5, 3, palette);
const jpegCut = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0);

/** What is wrong with the folder, and what the message must say. */
const badFolders: Record<string, [Record<string, string | Uint8Array | null>, RegExp]> = {
  "an image that is missing": [
    { "images/a.png": null },
    /Cannot load sample "images\/a" \(".*labeled\.txt", line 1\): there is no image ".*root\/images\/a\.png"/,
  ],
  "a mask that is missing": [
    { "masks/b b.png": null },
    /sample "images\/b b" \(".*labeled\.txt", line 2\): there is no mask ".*masks\/b b\.png"/,
  ],
  "a mask of another size": [
    { "masks/a.png": wide },
    /sample "images\/a" .*mask ".*masks\/a\.png" is 5 × 3, the image is 4 × 3; both must have one size/,
  ],
  "a mask value outside the classes": [
    { "masks/a.png": mask([0, 21, 3]) },
    /holds the value 21 in 4 pixels, first at row 0, column 1; labels are 0 to 20, and 255 is ignored/,
  ],
  "a mask in color": [
    { "masks/a.png": image(0) },
    /has 3 channels of 8 bits; it must hold one label a pixel/,
  ],
  "a mask that is a JPEG": [
    { "masks/a.png": Uint8Array.fromBase64(golden.cases["gray.jpg"].file) },
    /mask ".*masks\/a\.png" is a JPEG, which does not keep label values .* export the masks as PNG/,
  ],
  "a truncated PNG": [{ "images/a.png": cut(image(3)) }, /Cannot decode ".*images\/a\.png": it is cut short/],
  "a truncated JPEG": [
    { "ImageSets/unlabeled.txt": "images/c.jpg\n", "images/c.jpg": jpegCut },
    /Cannot decode ".*images\/c\.jpg": it is cut short/,
  ],
  "an id labeled twice": [
    { [labeledList]: "images/a.png masks/a.png\nimages/a.png masks/a.png" },
    /line 2 of the id list ".*labeled\.txt": the id "images\/a" is listed already on line 1/,
  ],
  "an id labeled and in val": [
    { "ImageSets/val.txt": "images/e.png masks/e.png\nimages/a.png masks/a.png" },
    /the id "images\/a" twice: it is labeled \(".*labeled\.txt", line 1\) and in validation \(".*val\.txt", line 2\)/,
  ],
  "an id labeled and unlabeled": [
    { "ImageSets/unlabeled.txt": "images/a.png" },
    /the id "images\/a" twice: it is labeled .* and unlabeled/,
  ],
  "an id with ../": [
    { [labeledList]: "../a.png masks/a.png" },
    /line 1 of the id list .* "\.\.", "\." or empty segment/,
  ],
  "an absolute path": [{ [labeledList]: "C:/a.png masks/a.png" }, /line 1 of the id list .* is absolute/],
  "a mask with alpha": [
    { "masks/a.png": Uint8Array.fromBase64(golden.cases["gray_alpha.png"].file) },
    /mask ".*masks\/a\.png" has 2 channels of 8 bits; it must hold one label a pixel/,
  ],
  "an image that is none": [
    { "images/a.png": "<html>" },
    /Cannot decode ".*images\/a\.png": it is no JPEG, PNG, TIFF, WebP, BMP or GIF, but text, perhaps a web page/,
  ],
  "an empty list": [{ "ImageSets/val.txt": "\n" }, /the id list ".*val\.txt": it is empty/],
  "a list that is missing": [
    { "ImageSets/val.txt": null },
    /Cannot read the id list ".*ImageSets\/val\.txt": there is no such file\. Put the three lists there/,
  ],
};

for (const [name, [changes, message]] of Object.entries(badFolders)) {
  Deno.test(
    `${name} is refused with its place and the rule`,
    withFolder(async (folder) => {
      const root = await makeRoot(folder, changes);
      await rejects(runLoad({ dataset: "pascal", root }, folder), (error: unknown) => {
        ok(error instanceof UserError, `${error}`);
        ok(message.test(error.message), error.message);
        return true;
      });
    }),
  );
}

for (const { name, reason, make } of specialFiles) {
  Deno.test(
    `${name} in a picture's place is refused when planning, and when reading`,
    withFolder(async (folder) => {
      for (const what of ["images", "masks"]) {
        const root = await makeRoot(folder, { [`${what}/e.png`]: null });
        const unavailable = await make(`${root}/${what}/e.png`);
        if (unavailable !== undefined) return skip(unavailable);
        const said = (error: unknown) =>
          error instanceof UserError && error.message.includes(`root/${what}/e.png`) &&
          error.message.startsWith('Cannot load sample "images/e" (') && reason.test(error.message);
        if (!name.includes("permission")) await rejects(sourcesOf({ dataset: "pascal", root }), said);
        await rejects(runLoad({ dataset: "pascal", root }, folder), said);
        await Deno.remove(root, { recursive: true });
      }
      const root = await makeRoot(folder, { "ImageSets/val.txt": null });
      await make(`${root}/ImageSets/val.txt`);
      await rejects(
        sourcesOf({ dataset: "pascal", root }),
        (error) =>
          error instanceof UserError && /the id list ".*val\.txt"/.test(error.message) &&
          reason.test(error.message),
      );
    }),
  );
}

Deno.test(
  "what is missing is said when planning, before anything runs",
  withFolder(async (folder) => {
    const root = await makeRoot(folder, { "images/d.png": null });
    await rejects(
      sourcesOf({ dataset: "pascal", root }),
      /sample "images\/d" \(".*unlabeled\.txt", line 2\): there is no image/,
    );
    await rejects(
      sourcesOf({ dataset: "camvid", root: `${folder}/none` }),
      /Cannot load camvid from ".*none": there is no such folder\. .*--set load\.root=PATH/,
    );
    await rejects(sourcesOf({ dataset: "pascal", root: `${root}/images/a.png` }), /it is not a folder/);
    await rejects(
      sourcesOf({ dataset: "pascal", root, partition: "pascal/93" }),
      /Cannot find the partition "pascal\/93"/,
    );
    await rejects(
      sourcesOf({ dataset: "cityscapes", root, partition: "pascal/92" }),
      /Cannot load the partition "pascal\/92" of pascal as cityscapes/,
    );
  }),
);
