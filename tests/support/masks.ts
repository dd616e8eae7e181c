/** Masks of 8 bits at most, as tests compare them. @module */
import assert from "node:assert/strict";
import type { StoredImage } from "../../stages/codecs/image.ts";
import { decodePng } from "../../stages/codecs/png.ts";

/** A PNG's values, one byte each. */
export function decodeMask(bytes: Uint8Array, name: string): StoredImage & { readonly data: Uint8Array } {
  const { data, ...image } = decodePng(bytes, name);
  assert.ok(data instanceof Uint8Array, name);
  return { ...image, data };
}
