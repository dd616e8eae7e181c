/**
 * Pictures that others made: each is equal to Pillow's pixels, or refused with a reason. `CROSSVIEW_PICTURES` names the folders,
 * separated as in PATH; without it the pictures of the system are looked at.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { delimiter, extname, join } from "node:path";
import { DecodeError } from "../../stages/codecs/image.ts";
import { decodePicture, pictureFormat } from "../../stages/codecs/picture.ts";
import { runPython, testWithPython } from "../support/python.ts";

const script = new URL("../golden/pillow_judge.py", import.meta.url);
const folders = (Deno.env.get("CROSSVIEW_PICTURES") ?? "/usr/share").split(delimiter).filter(isFolder);
/** How it is known that Pillow reads a picture wrongly, where it does. */
function wronglyJudged(path: string): string | undefined {
  // The pixels are those of pal4.bmp beside it.
  return path.endsWith("pal4rle.bmp") ? "Pillow 9.4 loses the last index of odd runs" : undefined;
}

const extensions = [".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif"];

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function* pictures(folder: string): Generator<string> {
  for (const entry of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* pictures(path);
    else if (entry.isFile && extensions.includes(extname(path).toLowerCase())) yield path;
  }
}

/** What the decoder makes of a file: its format, and its pixels as the judge names them, or why it is refused. */
async function decoded(path: string): Promise<{ format: string; found: readonly unknown[] | string }> {
  const bytes = await Deno.readFile(path);
  let format = "no picture";
  try {
    format = pictureFormat(bytes, path);
    const { width, height, data } = await decodePicture(bytes, path, { orientation: "upright" });
    return { format, found: [width, height, createHash("sha256").update(data).digest("hex")] };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { format, found: error.message.slice(error.message.indexOf(path) + path.length + 3) };
  }
}

testWithPython(
  ["numpy", "PIL"],
  `pictures of ${folders.join(" and ")} are Pillow's to the byte, or refused`,
  async (python) => {
    const paths = folders.flatMap((folder) => [...pictures(folder)]);
    assert.ok(paths.length > 0, "the folders hold no picture");
    const list = await Deno.makeTempFile();
    const judged: Record<string, readonly unknown[] | string> = {};
    try {
      await Deno.writeTextFile(list, paths.join("\n"));
      Object.assign(judged, await runPython(python, script, list));
    } finally {
      await Deno.remove(list);
    }
    const counts: Record<
      string,
      { equal: number; refused: number; both: number; ours: number; other: number }
    > = {};
    const refused: string[] = [], other: string[] = [];
    for (const path of paths) {
      const { format, found } = await decoded(path), pillow = judged[path]!;
      const count = counts[format] ??= { equal: 0, refused: 0, both: 0, ours: 0, other: 0 };
      if (typeof found === "string") {
        // Refused by both, or by the decoder alone.
        count[typeof pillow === "string" ? "both" : "refused"]++;
        if (typeof pillow !== "string") refused.push(`${path}: ${found}`);
      } else if (JSON.stringify(found) === JSON.stringify(pillow)) count.equal++;
      else {
        const known = typeof pillow === "string" ? `Pillow says ${pillow}` : wronglyJudged(path);
        count[known === undefined ? "other" : "ours"]++;
        if (known !== undefined) refused.push(`${path}: read, though ${known}`);
        else other.push(`${path}: ${found.slice(0, 2).join(" × ")}, Pillow ${pillow.slice(0, 2)}`);
      }
    }
    for (const line of refused) console.log(line);
    console.table(counts);
    assert.deepEqual(other, []);
  },
  folders.length === 0 ? "no folder of pictures; CROSSVIEW_PICTURES names some" : undefined,
);
