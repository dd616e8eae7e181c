import { MAX_TAPS, resampleTaps, WEIGHT_BITS } from "../../ops/view/resample_taps.ts";
import type { Bytes } from "../../ops/view/view_settings.ts";

/** Pillow's `resize(size, BILINEAR)`: columns, rounded to u8, then rows. CPU twin of `ops/view/resample_{columns,rows}.wgsl`. */
export function resizeBilinear(image: Bytes, width: number, height: number): Bytes {
  return mixRows(mixColumns(image, width), height);
}

function mixColumns(image: Bytes, width: number): Bytes {
  const { first, counts, weights } = resampleTaps(image.width, width);
  const { height, channels } = image;
  const data = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 2 ** (WEIGHT_BITS - 1);
        for (let k = 0; k < counts[x]!; k++) {
          sum += weights[x * MAX_TAPS + k]! * image.data[(y * image.width + first[x]! + k) * channels + c]!;
        }
        data[(y * width + x) * channels + c] = Math.min(Math.floor(sum / 2 ** WEIGHT_BITS), 255);
      }
    }
  }
  return { width, height, channels, data };
}

function mixRows(image: Bytes, height: number): Bytes {
  const { first, counts, weights } = resampleTaps(image.height, height);
  const pitch = image.width * image.channels;
  const data = new Uint8Array(height * pitch);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < pitch; x++) {
      let sum = 2 ** (WEIGHT_BITS - 1);
      for (let k = 0; k < counts[y]!; k++) {
        sum += weights[y * MAX_TAPS + k]! * image.data[(first[y]! + k) * pitch + x]!;
      }
      data[y * pitch + x] = Math.min(Math.floor(sum / 2 ** WEIGHT_BITS), 255);
    }
  }
  return { ...image, height, data };
}

/** Pillow's `resize(size, NEAREST)`. CPU twin of `ops/view/resample_labels.wgsl`. */
export function resizeNearest(image: Bytes, width: number, height: number): Bytes {
  const columns = resampleTaps(image.width, width).nearest;
  const rows = resampleTaps(image.height, height).nearest;
  const { channels } = image;
  const data = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (rows[y]! * image.width + columns[x]!) * channels;
      data.set(image.data.subarray(from, from + channels), (y * width + x) * channels);
    }
  }
  return { width, height, channels, data };
}

/** Crops at (x, y), fills what lies right of or below the image, then flips. */
export function cropAndFlip(
  image: Bytes,
  crop: { x: number; y: number; width: number; height: number; flip: boolean; fill: number },
): Bytes {
  const { width, height } = crop;
  const { channels } = image;
  const data = new Uint8Array(width * height * channels).fill(crop.fill);
  for (let y = 0; y < Math.min(height, image.height - crop.y); y++) {
    for (let x = 0; x < Math.min(width, image.width - crop.x); x++) {
      const from = ((crop.y + y) * image.width + crop.x + x) * channels;
      const to = (y * width + (crop.flip ? width - 1 - x : x)) * channels;
      data.set(image.data.subarray(from, from + channels), to);
    }
  }
  return { width, height, channels, data };
}
