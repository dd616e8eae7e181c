/** A small folder of photographs, of which some have masks. @module */
import { join } from "node:path";
import { encodePalettePng, encodeRgbPng } from "../../stages/codecs/png_encoder.ts";

const width = 24, height = 20;
const grays = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));

/** Writes `photographs/`, pictures of a disc, the first of which have masks of 0 and 255. */
export async function makeFolder(folder: string, images: number, masks: number): Promise<string> {
  const root = join(folder, "photographs");
  for (const name of ["images", "masks"]) await Deno.mkdir(join(root, name), { recursive: true });
  for (let n = 0; n < images; n++) {
    const isDisc = (pixel: number) =>
      (pixel % width - 4 - n) ** 2 + (Math.floor(pixel / width) - 10) ** 2 < 30;
    const mask = Uint8Array.from({ length: width * height }, (_, pixel) => isDisc(pixel) ? 255 : 0);
    const image = Uint8Array.from(
      { length: 3 * mask.length },
      (_, i) => mask[Math.floor(i / 3)]! ? 200 : 40 + n,
    );
    await Deno.writeFile(join(root, "images", `p${n}.png`), encodeRgbPng(image, width, height));
    if (n >= masks) continue;
    await Deno.writeFile(join(root, "masks", `p${n}.png`), encodePalettePng(mask, width, height, grays));
  }
  return root;
}
