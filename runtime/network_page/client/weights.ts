/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The weights that lie in the page, as text. @module */
import type { PageData } from "../data.ts";

/** Takes them out: a safetensors file in pieces of base64, each an element of its own, as no text of a browser holds the largest. */
export async function takeWeights(page: Document, { bytes }: PageData): Promise<Uint8Array<ArrayBuffer>> {
  const file = new Uint8Array(bytes);
  let at = 0;
  for (const element of page.querySelectorAll("script.weights")) {
    const piece = fromBase64(element.textContent!);
    file.set(piece, at);
    at += piece.length;
    element.remove();
    // The page answers meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return file;
}

/** Browsers before 2025 have no function of their own. */
function fromBase64(text: string): Uint8Array {
  const { fromBase64 } = Uint8Array as { fromBase64?: typeof Uint8Array.fromBase64 };
  return fromBase64 !== undefined
    ? Uint8Array.fromBase64(text)
    : Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}
