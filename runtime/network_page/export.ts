/** A trained network as a page: one file that labels photographs in a browser, with its weights in it. @module */
import { joined } from "../../pipeline/mod.ts";
import { page } from "../pages/page.ts";
import { type NetworkPageOptions, pageBody, WEIGHTS_PLACE } from "./body.ts";
import client from "./client.json" with { type: "json" };
import type { PageData } from "./data.ts";
import { encodeWeights, type PredictionWeights } from "./weights.ts";

/** Bytes of weights in one element: a multiple of 3, so that pieces of base64 can be read one by one. */
const PIECE_BYTES = 24 * 2 ** 20;

/**
 * Makes the page.
 *
 * @param weights What {@linkcode predictionWeights} took; the same weights make the same bytes.
 * @returns HTML in UTF-8.
 * @throws {WeightsError} With the reason alone, if a weight cannot be held in the precision.
 */
export function networkPage(
  weights: PredictionWeights,
  options: NetworkPageOptions,
): Uint8Array<ArrayBuffer> {
  const file = encodeWeights(weights, options.precision), data: PageData = { bytes: file.length };
  const html = page({
    title: options.title,
    client,
    data,
    body: pageBody(weights.network, options, file.length),
  });
  const [before, after] = html.split(WEIGHTS_PLACE) as [string, string];
  const encoder = new TextEncoder();
  const parts = [encoder.encode(before)];
  for (let at = 0; at < file.length; at += PIECE_BYTES) {
    const piece = file.subarray(at, at + PIECE_BYTES).toBase64();
    parts.push(encoder.encode(`<script type="text/plain" class="weights">${piece}</script>\n`));
  }
  parts.push(encoder.encode(after));
  return joined(parts);
}
