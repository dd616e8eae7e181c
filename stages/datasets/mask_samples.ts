/** What a mask's file holds, sample by sample, before it is known what that means. @module */
import { decodePng } from "../codecs/png.ts";

/** A mask as it is stored. */
export interface MaskSamples {
  readonly width: number;
  readonly height: number;
  /** 1 gray or palette index, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: number;
  /** Bits of a sample: 1, 2, 4, 8 or 16. */
  readonly bits: number;
  /** RGB triples of 8 bits, where the samples are indices. */
  readonly palette?: Uint8Array;
  /** height × width × channels, as they are in the file. */
  readonly data: Uint8Array | Uint16Array;
}

/**
 * Reads a mask's samples.
 *
 * @param name The file's name, for errors.
 * @throws {DecodeError} If it is no PNG, or damaged, or a value of 16 bits is above 255.
 */
export function decodeMask(bytes: Uint8Array, name: string): MaskSamples {
  const { bitDepth, ...mask } = decodePng(bytes, name, "labels");
  // Samples of several channels have 8 bits, whatever the file has.
  return { ...mask, bits: mask.channels === 1 ? bitDepth : 8 };
}
