/** `load` of a small folder in the layout of PASCAL, run as the pipeline runs it. @module */
import { parseConfig } from "../../pipeline/language/schema.ts";
import { encodePalettePng, encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { maskPalette, pascalClasses } from "../../stages/datasets/classes.ts";
import { load, type LoadInput } from "../../stages/load.ts";
import { testContext } from "../support/stage_run.ts";

/** The parsed config. */
export const configOf = (input: LoadInput) => parseConfig(load.definition.config, input, "load");

/** Runs the stage; gives its outputs, and the events that it told. */
export async function runLoad(input: LoadInput, folder: string) {
  const context = testContext(folder);
  const result = await load.definition.run({ inputs: {}, config: configOf(input), context });
  return { ...result, events: context.events };
}

/** The files that a key is made of. */
export const sourcesOf = async (input: LoadInput) => await load.definition.sources!(configOf(input));

/** Colors of masks. */
export const palette = maskPalette(pascalClasses);
/** Of each image, pixels. */
export const width = 4, height = 3;
/** An image of one gray. */
export const image = (value: number) =>
  encodeRgbPng(new Uint8Array(width * height * 3).fill(value), width, height);
/** A mask of labels over and over. */
export const mask = (labels: number[]) =>
  encodePalettePng(
    Uint8Array.from({ length: 12 }, (_, i) => labels[i % labels.length]!),
    width,
    height,
    palette,
  );

/**
 * A small folder in the layout of PASCAL: a and b labeled, c and d unlabeled (no masks on disk), e in val.
 *
 * @param changes Content by path, in the place of what is there or beside it; null: no such file.
 */
export async function makeRoot(
  folder: string,
  changes: Record<string, string | Uint8Array | null> = {},
): Promise<string> {
  const files: Record<string, string | Uint8Array | null> = {
    "images/a.png": image(10),
    "images/b b.png": image(20),
    "images/c.png": image(30),
    "images/d.png": image(40),
    "images/e.png": image(50),
    "masks/a.png": mask([0, 1, 255]),
    "masks/b b.png": mask([20]),
    "masks/e.png": mask([2]),
    "ImageSets/labeled.txt": "images/a.png masks/a.png\r\nimages/b b.png masks/b b.png\r\n",
    "ImageSets/unlabeled.txt": "images/c.png masks/c.png\nimages/d.png\n",
    "ImageSets/val.txt": "images/e.png masks/e.png\n\n",
    ...changes,
  };
  const root = `${folder}/root`;
  for (const name of ["images", "masks", "ImageSets"]) {
    await Deno.mkdir(`${root}/${name}`, { recursive: true });
  }
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === "string") await Deno.writeTextFile(`${root}/${name}`, content);
    else if (content !== null) await Deno.writeFile(`${root}/${name}`, content);
  }
  return root;
}
