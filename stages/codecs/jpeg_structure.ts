/** Walks the markers of a JPEG file: what it claims, and which of its bytes a decoder would complain of without need. */
import { DecodeError } from "./image.ts";

/** What a JPEG's frame header says. */
interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** 1 gray, 3 color, 4 CMYK or YCCK. */
  readonly components: 1 | 3 | 4;
  /** Sampling factors of each component, e.g. "2×2, 1×1, 1×1". */
  readonly sampling: string;
  readonly progressive: boolean;
}

/** What a JPEG's markers say. */
export interface JpegStructure extends JpegFrame {
  /** Passes over the image; 1 for most baseline files, about 10 for progressive ones. */
  readonly scans: number;
  /** Where the end-of-image marker lies. */
  readonly end: number;
  /** Bytes between segments before the first scan that belong to none: from, to. */
  readonly strays: readonly (readonly [from: number, to: number])[];
  /** Bytes of headers whose odd values change no pixel, and the common values in their place: at, value. */
  readonly oddities: readonly (readonly [at: number, value: number])[];
  /** The first segment of EXIF, without its title. */
  readonly exif?: Uint8Array;
  /** What Adobe's marker says of the colors: 0 nothing was done to them, 1 they are YCbCr, 2 YCCK. */
  readonly adobeTransform?: number;
}

/** Markers SOF0–SOF15 begin a frame, but for DHT (C4), JPG (C8) and DAC (CC), which lie among them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/**
 * Reads the frame header and follows the segments and scans to the end-of-image marker.
 *
 * @throws {DecodeError} If the file is no JPEG, ends before its end-of-image marker, or is of a kind that is not
 *   decoded: lossless, arithmetic, or 12 bits.
 * @see ITU-T T.81, annex B.
 */
export function readJpegStructure(bytes: Uint8Array, name: string): JpegStructure {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) {
    throw new DecodeError(
      name,
      "it does not begin with a JPEG marker (FF D8)",
      "Give a JPEG file, or correct the id list",
    );
  }
  let frame: JpegFrame | undefined;
  let scans = 0, end: number, exif: Uint8Array | undefined, adobeTransform: number | undefined;
  const strays: [number, number][] = [], oddities: [number, number][] = [];
  for (let at = 2;;) {
    const marked = bytes.indexOf(0xff, at);
    if (scans === 0 && marked > at) strays.push([at, marked]);
    at = marked;
    if (at < 0 || at + 1 >= bytes.length) throw cutShort(name, bytes, scans);
    const marker = bytes[at + 1]!;
    // Stuffed zeros, fill bytes, restart markers and TEM have no segment behind them.
    if (marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      if (scans === 0 && marker === 0x00) strays.push([at, at + 2]);
      at += 2;
      continue;
    }
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    end = at;
    if (marker === 0xd9) break;
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (at + 2 + length > bytes.length) throw cutShort(name, bytes, scans);
    if (length < 2) {
      throw new DecodeError(
        name,
        `the segment FF ${marker.toString(16)} at byte ${at} has the length ${length}`,
      );
    }
    if (isFrame(marker) && frame !== undefined) {
      throw new DecodeError(name, `it has a second frame header, at byte ${at}`);
    }
    const content = bytes.subarray(at + 4, at + 2 + length);
    if (isFrame(marker)) frame = readFrame(content, marker, name);
    if (marker === 0xe1 && begins(content, "Exif\0")) exif ??= content.subarray(6);
    if (marker === 0xee && content.length >= 12 && begins(content, "Adobe")) adobeTransform = content[11]!;
    const odd = oddity(marker, content);
    if (odd !== undefined) oddities.push([at + 4 + odd, 1]);
    if (marker === 0xda) scans++;
    at += 2 + length;
  }
  if (frame === undefined || scans === 0) {
    throw new DecodeError(name, `it has no ${frame === undefined ? "frame header" : "scan"}, so no image`);
  }
  return {
    ...frame,
    scans,
    end,
    strays,
    oddities,
    ...(exif === undefined ? {} : { exif }),
    ...(adobeTransform === undefined ? {} : { adobeTransform }),
  };
}

function begins(content: Uint8Array, text: string): boolean {
  return [...text].every((letter, at) => content[at] === letter.charCodeAt(0));
}

/** Where a segment holds a JFIF version or an Adobe transform that nobody knows; decoders take either for 1. */
function oddity(marker: number, content: Uint8Array): number | undefined {
  if (marker === 0xe0 && content.length >= 14 && begins(content, "JFIF\0") && content[5] !== 1) return 5;
  if (marker === 0xee && content.length >= 12 && begins(content, "Adobe") && content[11]! > 1) return 11;
  return undefined;
}

function readFrame(content: Uint8Array, marker: number, name: string): JpegFrame {
  const [precision = 0, h1 = 0, h0 = 0, w1 = 0, w0 = 0, components = 0] = content;
  const remedy = "Convert it to an 8-bit gray or RGB JPEG";
  if (marker > 0xc2) {
    throw new DecodeError(
      name,
      `its coding (SOF${marker - 0xc0}) is neither baseline nor progressive Huffman`,
      remedy,
    );
  }
  if (precision !== 8) throw new DecodeError(name, `it has ${precision} bits per sample; 8 are read`, remedy);
  if (components !== 1 && components !== 3 && components !== 4) {
    throw new DecodeError(
      name,
      `it has ${components} color components; 1 (gray), 3 (color) or 4 (CMYK) are read`,
      remedy,
    );
  }
  const factors = Array.from({ length: components }, (_, i) => content[7 + 3 * i] ?? 0);
  return {
    width: (w1 << 8) | w0,
    height: (h1 << 8) | h0,
    components,
    sampling: factors.map((factor) => `${factor >> 4}×${factor & 15}`).join(", "),
    progressive: marker === 0xc2,
  };
}

function cutShort(name: string, bytes: Uint8Array, scans: number): DecodeError {
  const where = scans === 0 ? "before its pixels begin" : "without the end-of-image marker (FF D9)";
  return new DecodeError(name, `it is cut short: the file ends at byte ${bytes.length}, ${where}`);
}
