/** Pictures as a page embeds them: small, within its file. @module */
import { decodePng } from "../../stages/codecs/png.ts";
import { encodePalettePng } from "../../stages/codecs/png_encoder.ts";
import { type StoredImage, toRgb } from "../../stages/codecs/image.ts";
import { type WebpEncoder, webpEncoder } from "../../stages/codecs/webp_encoder.ts";
import type { ImageSize } from "../../stages/datasets/samples.ts";
import { thumbnail } from "../../stages/evaluation/overlay.ts";

/** The longest side of an embedded picture, pixels. */
const SIDE = 360;
/** Of photographs, 0 to 100. */
const QUALITY = 80;

let encoder: Promise<WebpEncoder> | undefined;

/** A picture as the address of an image: its bytes in base 64. */
export function dataUrl(type: "png" | "webp", bytes: Uint8Array): string {
  return `data:image/${type};base64,${bytes.toBase64()}`;
}

/** A photograph, smaller. */
export async function photograph(rgb: Uint8Array, size: ImageSize): Promise<string> {
  const { width, height, data } = thumbnail(rgb, size, SIDE);
  return dataUrl("webp", (await (encoder ??= webpEncoder())).encode(data, width, height, QUALITY));
}

/** Labels in their colors, smaller: each pixel one of those that it stands for. */
export function labelPicture(labels: Uint8Array, { width, height }: ImageSize, palette: Uint8Array): string {
  const scale = Math.max(1, Math.max(width, height) / SIDE);
  const small = {
    width: Math.max(1, Math.round(width / scale)),
    height: Math.max(1, Math.round(height / scale)),
  };
  const data = new Uint8Array(small.width * small.height);
  for (let row = 0; row < small.height; row++) {
    const from = Math.min(height - 1, Math.floor((row + 0.5) * height / small.height)) * width;
    for (let column = 0; column < small.width; column++) {
      const at = Math.min(width - 1, Math.floor((column + 0.5) * width / small.width));
      data[row * small.width + column] = labels[from + at]!;
    }
  }
  return dataUrl("png", encodePalettePng(data, small.width, small.height, padded(palette, data)));
}

/** A palette with a color, black, for each index that is there. */
function padded(palette: Uint8Array, indices: Uint8Array): Uint8Array {
  const highest = indices.reduce((most, index) => Math.max(most, index), 0);
  if (palette.length > 3 * highest) return palette;
  const whole = new Uint8Array(3 * (highest + 1));
  whole.set(palette);
  return whole;
}

/** A picture of a file of PNG: indices where it has a palette, else a photograph. */
export async function embedded(image: StoredImage): Promise<string> {
  const { palette, data, channels } = image;
  return palette !== undefined && channels === 1
    ? labelPicture(data as Uint8Array, image, palette)
    : await photograph(toRgb(image), image);
}

/** Reads a PNG; undefined where it is none. */
export function pngOf(bytes: Uint8Array, name: string): StoredImage | undefined {
  try {
    return decodePng(bytes, name);
  } catch {
    return undefined;
  }
}
