/** Folders as people have them, made of photographs of VOC: 20 photographs, 6 of them with a mask. @module */
import { dirname, join } from "node:path";
import { CocoWriter, writeLabelMe } from "../../stages/annotations/write.ts";
import { decodePng } from "../../stages/codecs/png.ts";
import { encodePalettePng, encodeRgbPng } from "../../stages/codecs/png_encoder.ts";

/** How many photographs there are, and how many of them are labeled. */
export const photographs = 20, labeled = 6;

/** A VOC mask: its size, and for each pixel whether it is a person, another object, background or void. */
interface Truth {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** height × width: 0 background, 1 object, 255 void. */
  readonly data: Uint8Array;
}

/** Writes photographs to `images/`, and gives what their masks say. */
async function copied(voc: string, folder: string): Promise<Truth[]> {
  const ids = (await Deno.readTextFile(join(voc, "ImageSets", "labeled.txt"))).split("\n")
    .concat((await Deno.readTextFile(join(voc, "ImageSets", "unlabeled.txt"))).split("\n"))
    .map((line) => /^JPEGImages\/(\w+)\.jpg/.exec(line)?.[1]).filter((id) => id !== undefined).slice(
      0,
      photographs,
    );
  await Deno.mkdir(join(folder, "images"), { recursive: true });
  const truths: Truth[] = [];
  for (const [index, id] of ids.entries()) {
    await Deno.copyFile(join(voc, "JPEGImages", `${id}.jpg`), join(folder, "images", `${id}.jpg`));
    if (index >= labeled) continue;
    const { width, height, data } = decodePng(
      await Deno.readFile(join(voc, "SegmentationClass", `${id}.png`)),
      id,
    );
    const objects = Uint8Array.from(data, (value) => value === 0 || value === 255 ? value : 1);
    truths.push({ id, width, height, data: objects });
  }
  return truths;
}

async function write(path: string, content: Uint8Array | string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
}

/** Masks of 0 and 255; void is background. */
export async function binaryFolder(voc: string, folder: string): Promise<void> {
  const gray = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  for (const { id, width, height, data } of await copied(voc, folder)) {
    const values = data.map((value) => value === 1 ? 255 : 0);
    await write(join(folder, "masks", `${id}.png`), encodePalettePng(values, width, height, gray));
  }
}

/** RGB masks: black, red, and white around objects. */
export async function colorFolder(voc: string, folder: string): Promise<void> {
  const colors: Readonly<Record<number, readonly number[]>> = {
    0: [0, 0, 0],
    1: [255, 0, 0],
    255: [255, 255, 255],
  };
  for (const { id, width, height, data } of await copied(voc, folder)) {
    const pixels = new Uint8Array(data.length * 3);
    data.forEach((value, at) => pixels.set(colors[value]!, 3 * at));
    await write(join(folder, "masks", `${id}.png`), encodeRgbPng(pixels, width, height));
  }
}

/** Classes of the annotations, and how closely they are drawn. */
const drawn = {
  classes: { names: ["background", "animal"], colors: [[0, 0, 0], [255, 0, 0]] },
  tolerance: 2,
} as const;

/** A photograph with what an annotator would have drawn; void is background. */
function pictureOf({ id, width, height, data }: Truth, picture = `${id}.jpg`) {
  return { picture, width, height, labels: data.map((value) => value === 1 ? 1 : 0) };
}

/** LabelMe's JSON beside the photographs. */
export async function labelMeFolder(voc: string, folder: string): Promise<void> {
  for (const truth of await copied(voc, folder)) {
    await write(join(folder, "images", `${truth.id}.json`), writeLabelMe(pictureOf(truth), drawn));
  }
}

/** COCO's JSON, one file. */
export async function cocoFolder(voc: string, folder: string): Promise<void> {
  const coco = new CocoWriter(drawn);
  for (const truth of await copied(voc, folder)) coco.add(pictureOf(truth));
  await write(join(folder, "annotations", "instances.json"), coco.text());
}
