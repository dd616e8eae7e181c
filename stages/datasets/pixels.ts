/** Parts of images. @module */
import type { Window } from "../evaluation/protocols.ts";
import type { ImageSize } from "./samples.ts";

/** One window of RGB images of one size → R | G << 8 | B << 16, one word a pixel, image after image. */
export function packRgb(
  images: readonly Uint8Array[],
  size: ImageSize,
  window: Window,
): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(images.length * window.width * window.height);
  let at = 0;
  for (const bytes of images) {
    for (let row = window.y; row < window.y + window.height; row++) {
      let b = 3 * (row * size.width + window.x);
      for (let i = 0; i < window.width; i++, b += 3) {
        words[at++] = bytes[b]! | (bytes[b + 1]! << 8) | (bytes[b + 2]! << 16);
      }
    }
  }
  return words;
}

/** The bytes of a window; `channels` bytes a pixel. */
export function cropPixels(pixels: Uint8Array, size: ImageSize, window: Window, channels = 1): Uint8Array {
  const length = window.width * channels;
  const part = new Uint8Array(length * window.height);
  for (let row = 0; row < window.height; row++) {
    const from = ((window.y + row) * size.width + window.x) * channels;
    part.set(pixels.subarray(from, from + length), row * length);
  }
  return part;
}
