/** Pictures as a page embeds them: small, within its file. @module */
import { type StoredImage, toRgb } from "../../stages/codecs/image.ts";
import { decodePng } from "../../stages/codecs/png.ts";
import { encodePalettePng, encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { type WebpEncoder, webpEncoder } from "../../stages/codecs/webp_encoder.ts";
import { thumbnail } from "../../stages/evaluation/overlay.ts";

/** The longest side of a small picture, pixels. */
const SIDE = 360;
/** Of photographs, 0 to 100. */
const QUALITY = 80;

let encoder: Promise<WebpEncoder> | undefined;

/** Pixels: RGB, or indices with their palette of RGB triples. */
type Pixels = Pick<StoredImage, "width" | "height" | "channels" | "data" | "palette">;

/** A picture as the address of an image, its bytes in base 64: labels as they are, photographs as WebP. */
export async function embedded(image: StoredImage): Promise<string> {
  if (isLabels(image)) return `data:image/png;base64,${palettePng(fewer(image)).toBase64()}`;
  const { data, width, height } = thumbnail(toRgb(image), image, SIDE);
  const bytes = (await (encoder ??= webpEncoder())).encode(data, width, height, QUALITY);
  return `data:image/webp;base64,${bytes.toBase64()}`;
}

/**
 * A picture as a small PNG.
 *
 * @param picture RGB of 8 bits; or the bytes of a PNG with a palette, and its name for errors.
 * @throws {DecodeError} If it is damaged.
 */
export function shrunk(picture: Pixels): Uint8Array;
export function shrunk(bytes: Uint8Array, name: string): Uint8Array;
export function shrunk(picture: Pixels | Uint8Array, name = ""): Uint8Array {
  const image = picture instanceof Uint8Array ? decodePng(picture, name) : picture;
  if (isLabels(image)) return palettePng(fewer(image));
  const { data, width, height } = thumbnail(image.data as Uint8Array, image, SIDE);
  return encodeRgbPng(data, width, height);
}

function isLabels({ palette, channels }: Pixels): boolean {
  return palette !== undefined && channels === 1;
}

/** Indices of fewer pixels: each is that of one of the pixels that it stands for. */
function fewer({ width, height, data, palette, channels }: Pixels): Pixels {
  const scale = Math.max(1, Math.max(width, height) / SIDE);
  const small = {
    width: Math.max(1, Math.round(width / scale)),
    height: Math.max(1, Math.round(height / scale)),
  };
  const indices = new Uint8Array(small.width * small.height);
  for (let row = 0; row < small.height; row++) {
    const from = Math.floor((row + 0.5) * height / small.height) * width;
    for (let column = 0; column < small.width; column++) {
      indices[row * small.width + column] = data[from + Math.floor((column + 0.5) * width / small.width)]!;
    }
  }
  return { ...small, data: indices, channels, palette: palette! };
}

/** A palette that lacks colors has black ones. */
function palettePng({ data, width, height, palette }: Pixels): Uint8Array {
  let highest = 0;
  for (const index of data) highest = Math.max(highest, index);
  const whole = new Uint8Array(Math.max(palette!.length, 3 * (highest + 1)));
  whole.set(palette!);
  return encodePalettePng(data as Uint8Array, width, height, whole);
}

/** Reads a PNG; undefined where it is none. */
export function pngOf(bytes: Uint8Array, name: string): StoredImage | undefined {
  try {
    return decodePng(bytes, name);
  } catch {
    return undefined;
  }
}
