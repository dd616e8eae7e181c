/** What a PNG says of its orientation, in each of the places where programs write it. */
import { inflateSync } from "node:zlib";
import type { Orientation } from "./image.ts";
import { exifOrientation } from "./orientation.ts";

/** A chunk that may hold it. */
export interface PngNote {
  readonly type: string;
  readonly content: Uint8Array;
}

/** Types of the chunks that may hold it. */
export const noteTypes: readonly string[] = ["eXIf", "tEXt", "zTXt", "iTXt"];

/** Most bytes of a text that is looked through. */
const mostText = 2 ** 20;
const latin1 = new TextDecoder("latin1");

/**
 * The orientation by the chunk of EXIF, by the text that ImageMagick used to put EXIF into, or by Adobe's XMP, in this order, as
 * Pillow looks for it; 1 where there is none. What is damaged says nothing.
 */
export function pngOrientation(notes: readonly PngNote[]): Orientation {
  const exif = notes.find(({ type }) => type === "eXIf")?.content ??
    rawProfile(textOf(notes, "Raw profile type exif"));
  const xmp = /tiff:Orientation(?:="|>)([1-8])/.exec(textOf(notes, "XML:com.adobe.xmp"))?.[1];
  return (exif && exifOrientation(exif)) ?? Number(xmp ?? 1) as Orientation;
}

/** The text of a keyword, `""` if there is none. */
function textOf(notes: readonly PngNote[], keyword: string): string {
  for (const { type, content } of notes) {
    const end = content.subarray(0, 80).indexOf(0);
    if (type === "eXIf" || end < 0 || latin1.decode(content.subarray(0, end)) !== keyword) continue;
    if (type === "tEXt") return latin1.decode(content.subarray(end + 1, end + 1 + mostText));
    // Behind the keyword zTXt has a method, iTXt a flag and a method, a language and a translated keyword.
    if (type === "zTXt") return inflated(content.subarray(end + 2));
    const language = content.indexOf(0, end + 3), text = content.indexOf(0, language + 1) + 1;
    if (language < 0 || text === 0) return "";
    return content[end + 1] === 0
      ? latin1.decode(content.subarray(text, text + mostText))
      : inflated(content.subarray(text));
  }
  return "";
}

function inflated(bytes: Uint8Array): string {
  try {
    return latin1.decode(inflateSync(bytes, { maxOutputLength: mostText }));
  } catch {
    return "";
  }
}

/** Bytes as ImageMagick writes them: an empty line, what they are, how many, then digits. */
function rawProfile(text: string): Uint8Array | undefined {
  const digits = text.split("\n").slice(3).join("");
  return digits.length > 0 && digits.length % 2 === 0 && /^[0-9a-f]+$/i.test(digits)
    ? Uint8Array.fromHex(digits)
    : undefined;
}
