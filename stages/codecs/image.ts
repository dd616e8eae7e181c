/** What every decoder returns, the sizes it accepts, and how it refuses a file. */
import { UserError } from "../../pipeline/errors.ts";

/** Pixels in memory. */
export interface DecodedImage {
  /** Pixels, at least 1. */
  readonly width: number;
  readonly height: number;
  /** 1 gray or palette index, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** height × width × channels, 0–255. */
  readonly data: Uint8Array;
}

/** A file's bytes are not the image they should be. */
export class DecodeError extends UserError {
  override readonly name = "DecodeError";
  /**
   * @param file Path or name of the file.
   * @param reason What is wrong with its bytes.
   * @param remedy What to do about it.
   */
  constructor(readonly file: string, reason: string, remedy = "Copy or extract the file again") {
    super(`Cannot decode "${file}": ${reason}. ${remedy}.`);
  }
}

/**
 * Most pixels an image may claim: 2²⁸ (16384 × 16384). Beyond it a header is more likely damaged, or hostile, than true;
 * Pillow refuses at 1.8 · 10⁸.
 */
export const maximumPixels = 2 ** 28;

/** @throws {DecodeError} If a side is 0, or the image has more than {@linkcode maximumPixels} pixels. */
export function assertImageSize(width: number, height: number, name: string): void {
  if (width < 1 || height < 1 || width * height > maximumPixels) {
    throw new DecodeError(
      name,
      `it claims ${width} × ${height} pixels; 1 to ${maximumPixels} in all are accepted`,
    );
  }
}

/** Drops alpha, repeats gray: height × width × 3. */
export function toRgb(image: DecodedImage & { readonly palette?: Uint8Array }): Uint8Array {
  const { data, channels, palette } = image;
  if (channels === 3) return data;
  const pixels = image.width * image.height;
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = pixel * channels;
    for (let channel = 0; channel < 3; channel++) {
      rgb[pixel * 3 + channel] = palette !== undefined
        ? palette[data[from]! * 3 + channel] ?? 0
        : data[channels === 4 ? from + channel : from]!;
    }
  }
  return rgb;
}
