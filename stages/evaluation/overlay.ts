/** Labels shown over their photograph. @module */
import type { ClassList } from "../datasets/classes.ts";
import type { ImageSize } from "../datasets/samples.ts";

/** How strongly a class covers the photograph, 0 to 1. */
const alpha = 0.45;

/**
 * Tints a photograph in the colors of its labels; the borders of regions are drawn in full.
 *
 * @param image height × width × 3, RGB.
 * @param labels height × width; one that is no class leaves its pixels as they are.
 * @param plain A class that is not shown, as background is.
 * @returns height × width × 3, RGB.
 */
export function overlay(
  image: Uint8Array,
  labels: Uint8Array,
  { width, height }: ImageSize,
  { colors }: ClassList,
  plain?: number,
): Uint8Array {
  const shown = image.slice();
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = labels[pixel]!, color = colors[label];
    if (label === plain || color === undefined) continue;
    const column = pixel % width, row = Math.floor(pixel / width);
    const isBorder = (column > 0 && labels[pixel - 1] !== label) ||
      (column < width - 1 && labels[pixel + 1] !== label) ||
      (row > 0 && labels[pixel - width] !== label) || (row < height - 1 && labels[pixel + width] !== label);
    const share = isBorder ? 1 : alpha;
    for (let channel = 0; channel < 3; channel++) {
      const at = 3 * pixel + channel;
      shown[at] = Math.round(image[at]! + (color[channel]! - image[at]!) * share);
    }
  }
  return shown;
}

/**
 * Makes a picture smaller, each pixel the mean of those that it stands for; a picture that is small enough stays.
 *
 * @param image height × width × 3, RGB.
 * @param side The longest that a side may be.
 */
export function thumbnail(
  image: Uint8Array,
  { width, height }: ImageSize,
  side: number,
): ImageSize & { readonly data: Uint8Array } {
  const scale = Math.max(width, height) / side;
  if (scale <= 1) return { width, height, data: image };
  const small = {
    width: Math.max(1, Math.round(width / scale)),
    height: Math.max(1, Math.round(height / scale)),
  };
  const data = new Uint8Array(small.width * small.height * 3);
  const span = (index: number, count: number, whole: number) => {
    const from = Math.floor(index * whole / count);
    return [from, Math.max(from + 1, Math.floor((index + 1) * whole / count))] as const;
  };
  for (let row = 0; row < small.height; row++) {
    const [top, bottom] = span(row, small.height, height);
    for (let column = 0; column < small.width; column++) {
      const [left, right] = span(column, small.width, width);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let y = top; y < bottom; y++) {
          for (let x = left; x < right; x++) sum += image[3 * (y * width + x) + channel]!;
        }
        data[3 * (row * small.width + column) + channel] = Math.round(
          sum / ((bottom - top) * (right - left)),
        );
      }
    }
  }
  return { ...small, data };
}
