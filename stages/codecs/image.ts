/** What every decoder returns, the sizes it accepts, and how it refuses a file. */
import { UserError } from "../../pipeline/errors.ts";

/**
 * How stored pixels are to be turned to stand upright, by EXIF's numbers. 1: not at all; 2: mirrored left to right; 3: by 180°;
 * 4: mirrored top to bottom; 5: transposed; 6: by 90° clockwise; 7: transposed along the other diagonal; 8: by 90°
 * counterclockwise.
 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** What a file holds, value for value. */
export interface StoredImage {
  /** Pixels, at least 1. */
  readonly width: number;
  /** Pixels, at least 1. */
  readonly height: number;
  /** 1 gray or palette index, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Bits per sample in the file, 1 to 16. */
  readonly bits: number;
  /** height × width × channels, 0 to 2^bits − 1, as they are in the file: indices and gray are never scaled. */
  readonly data: Uint8Array | Uint16Array;
  /** RGB triples, only for a palette image; `data` then holds the indices. */
  readonly palette?: Uint8Array;
  /** What the file says of its orientation; `data` are not turned. */
  readonly orientation: Orientation;
  /** The compression that has changed the values, where one has: such a file is a picture, and no mask. */
  readonly lossy?: string;
}

/** The values that become 0 and 255, of samples of more than 8 bits. */
export type Range = readonly [low: number, high: number];

/** A file's bytes are not the image they should be. */
export class DecodeError extends UserError {
  /** Class name, for logs. */
  override readonly name = "DecodeError";
  /**
   * Words the failure.
   *
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

/**
 * A picture's RGB, as Pillow's `convert("RGB")`: alpha is dropped, gray repeated, a palette applied.
 *
 * @param range Which values become 0 and 255, of samples of more than 8 bits; values outside become these, values between
 *   are rounded. Without it the upper 8 bits are kept.
 * @returns height × width × 3.
 */
export function toRgb(image: StoredImage, range?: Range): Uint8Array {
  const { data, channels, bits, palette } = image;
  if (channels === 3 && bits === 8) return data as Uint8Array;
  const pixels = image.width * image.height;
  const rgb = new Uint8Array(pixels * 3);
  if (palette !== undefined) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const color = data[pixel]! * 3;
      for (let channel = 0; channel < 3; channel++) {
        rgb[pixel * 3 + channel] = palette[color + channel] ?? data[pixel]!;
      }
    }
    return rgb;
  }
  const light = lightOf(bits, range), step = channels > 2 ? 1 : 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = pixel * channels;
    for (let channel = 0; channel < 3; channel++) {
      rgb[pixel * 3 + channel] = light[data[from + step * channel]!]!;
    }
  }
  return rgb;
}

/** What each sample becomes among 0 to 255. */
function lightOf(bits: number, range: Range | undefined): Uint8Array {
  const most = 2 ** bits - 1;
  return Uint8Array.from({ length: most + 1 }, (_, value) => {
    if (bits <= 8) return value * 255 / most;
    if (range === undefined) return value >> (bits - 8);
    const [low, high] = range;
    return Math.round(Math.min(1, Math.max(0, (value - low) / (high - low))) * 255);
  });
}
