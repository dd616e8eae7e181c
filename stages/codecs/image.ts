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
 * Most bytes that decoding one image may take: a small file can claim a large image, and the process must live. Enough for
 * photographs of 48 million pixels.
 */
export const decodingBudget = 400 * 2 ** 20;
/** Most pixels, however little they take: 8192 × 8192. They cost time, too. */
export const maximumPixels = 2 ** 26;

/**
 * Holds a claimed size against the budget, before memory is taken.
 *
 * @param bytesPerPixel What decoding takes at its peak.
 * @throws {DecodeError} If a side is 0, it has more than {@linkcode maximumPixels}, or would take more than
 *   {@linkcode decodingBudget}.
 */
export function assertImageSize(width: number, height: number, bytesPerPixel: number, name: string): void {
  if (width < 1 || height < 1) {
    throw new DecodeError(name, `it claims ${width} × ${height} pixels; each side must have 1 at least`);
  }
  const most = Math.min(maximumPixels, Math.floor(decodingBudget / bytesPerPixel));
  if (width * height <= most) return;
  throw new DecodeError(
    name,
    `it claims ${width} × ${height} pixels; of its kind, ${most} in all are accepted`,
    "Scale it down, or copy or extract the file again if it is not that large",
  );
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
