import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { decodeLzw } from "../../../stages/codecs/lzw.ts";

const gif = { literalBits: 2, highBitFirst: false }, tiff = { literalBits: 8, highBitFirst: true };

/** Codes of one width, packed. */
function packed(codes: readonly number[], width: number, highBitFirst: boolean): Uint8Array {
  const texts = codes.map((code) => code.toString(2).padStart(width, "0"));
  const bits = highBitFirst ? texts.join("") : texts.reverse().join("");
  const whole = Math.ceil(bits.length / 8) * 8;
  const filled = highBitFirst ? bits.padEnd(whole, "0") : bits.padStart(whole, "0");
  const bytes = Uint8Array.from(filled.match(/.{8}/g)!, (byte) => parseInt(byte, 2));
  return highBitFirst ? bytes : bytes.reverse();
}

Deno.test("codes become literals, strings, and the string that is just being made", () => {
  // Clear, 1, 1 2 is new as 6: then 6 is 1 1, being made of 1 and itself.
  deepStrictEqual(decodeLzw(packed([4, 1, 6], 3, false), 3, gif), Uint8Array.of(1, 1, 1));
  deepStrictEqual(decodeLzw(packed([256, 7, 258, 9], 9, true), 4, tiff), Uint8Array.of(7, 7, 7, 9));
  // What follows is not looked at; a string may reach beyond what is wanted.
  deepStrictEqual(decodeLzw(packed([256, 7, 258, 9], 9, true), 2, tiff), Uint8Array.of(7, 7));
});

Deno.test("a code that stands for nothing, an end that comes early, and a lack of bytes are no output", () => {
  strictEqual(decodeLzw(packed([4, 1, 7], 3, false), 3, gif), undefined);
  strictEqual(decodeLzw(packed([4, 6], 3, false), 3, gif), undefined);
  strictEqual(decodeLzw(packed([256, 7, 257], 9, true), 4, tiff), undefined);
  strictEqual(decodeLzw(packed([256, 7], 9, true), 4, tiff), undefined);
  strictEqual(decodeLzw(new Uint8Array(), 1, tiff), undefined);
});
