/** Which files of a folder are looked at. @module */
import { deepStrictEqual } from "node:assert/strict";
import { findFiles } from "../../../../stages/datasets/folder/walk.ts";
import { withFolder } from "../../../support/stage_run.ts";
import { writeFiles } from "./support.ts";

Deno.test(
  "what runs and predictions have written is no data, unless it is named itself",
  withFolder(async (folder) => {
    await writeFiles(folder, {
      "a.png": "",
      "runs/mine/1/run.json": "{}",
      "runs/mine/1/pictures/a/image.png": "",
      "runs/b.png": "",
      "labeled/written.sha256": "",
      "labeled/masks/a.png": "",
      "notes/run.txt": "",
    });
    deepStrictEqual(findFiles(folder, [""]), {
      pictures: ["a.png", "runs/b.png"],
      others: ["notes/run.txt"],
    });
    deepStrictEqual(findFiles(folder, ["labeled/masks"]).pictures, ["labeled/masks/a.png"]);
    deepStrictEqual(findFiles(folder, ["labeled"]).pictures, ["labeled/masks/a.png"]);
  }),
);
