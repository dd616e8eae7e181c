/** Folders of pictures as people have them, written for a test. */
import { dirname } from "node:path";
import { encodePalettePng, encodeRgbPng } from "../../../../stages/codecs/png_encoder.ts";
import { load, type LoadConfig, type LoadInput } from "../../../../stages/load.ts";
import { parseConfig } from "../../../../pipeline/language/schema.ts";
import { testContext } from "../../../support/stage_run.ts";

/** Sides of the pictures. */
export const width = 4, height = 3;

/** A plain photograph of one gray. */
export function photograph(value: number): Uint8Array {
  return encodeRgbPng(new Uint8Array(width * height * 3).fill(value), width, height);
}

/** A palette mask; the indices are repeated until it is full. Index i has the gray i, unless told. */
export function indexMask(
  indices: readonly number[],
  palette: Uint8Array = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)),
): Uint8Array {
  const data = Uint8Array.from({ length: width * height }, (_, i) => indices[i % indices.length]!);
  return encodePalettePng(data, width, height, palette);
}

/** An RGB mask; the colors are repeated until it is full. */
export function colorMask(colors: readonly (readonly [number, number, number])[]): Uint8Array {
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => colors[Math.floor(i / 3) % colors.length]![i % 3]!,
  );
  return encodeRgbPng(data, width, height);
}

/** Writes files below a folder, with the folders that they need. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
    await Deno.writeFile(
      `${folder}/${name}`,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }
}

/** The parsed config of a folder. */
export function folderConfig(input: LoadInput): LoadConfig {
  return parseConfig(load.definition.config, { dataset: "folder", ...input }, "load");
}

/** Loads a folder; what it writes goes to `scratch`. */
export async function loadFolder(input: LoadInput, scratch: string) {
  await Deno.mkdir(scratch, { recursive: true });
  const context = testContext(scratch);
  const result = await load.definition.run({ inputs: {}, config: folderConfig(input), context });
  return { ...result, events: context.events };
}

/** Names of the files that a folder's key is made of. */
export async function sourceNames(input: LoadInput): Promise<string[]> {
  return (await load.definition.sources!(folderConfig(input))).map(({ name }) => name);
}
