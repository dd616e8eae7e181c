/** Which values become black and white, in a data set with images of more than 8 bits. @module */
import { mapOrdered } from "../../pipeline/run/lanes.ts";
import type { Range } from "../codecs/image.ts";
import { fullRange, ValueCounts } from "../codecs/range.ts";
import { type LocatedSample, readStored } from "./decode_sample.ts";

/** As it is asked for: measured on the images, all that 16 bits can hold, or two values. */
export type RangeChoice = "data" | "full" | Range;

/** Most images that are decoded at a time. */
const readAhead = { width: 4, ahead: 4 };

/** The range of a data set: found once the first deep image comes, so that no other set pays for it. */
export class DeepRange {
  readonly #choice: RangeChoice;
  readonly #images: () => readonly LocatedSample[];
  readonly #signal: AbortSignal | undefined;
  #finding: Promise<Range> | undefined;
  #found: Range | undefined;

  /** @param images Those that are measured, if it comes to that: what is trained on, and nothing that is scored. */
  constructor(choice: RangeChoice, images: () => readonly LocatedSample[], signal?: AbortSignal) {
    this.#choice = choice;
    this.#images = images;
    this.#signal = signal;
  }

  /** The range, if it was asked for: whether there are deep images. */
  get found(): Range | undefined {
    return this.#found;
  }

  /**
   * Finds the range; asking again gives the same.
   *
   * @throws {DataError} If an image cannot be read. @throws {DecodeError} If its bytes are no image.
   */
  readonly find = async (): Promise<Range> => this.#found = await (this.#finding ??= this.#measure());

  async #measure(): Promise<Range> {
    if (this.#choice === "full") return fullRange;
    if (this.#choice !== "data") return this.#choice;
    const counts = new ValueCounts();
    const decoded = mapOrdered(readAhead, this.#images(), async (at) => {
      this.#signal?.throwIfAborted();
      return await readStored(at);
    });
    for await (const image of decoded) counts.add(image);
    return counts.range() ?? fullRange;
  }
}

/** What a user should know of a range that was found. */
export function rangeNote([low, high]: Range, choice: RangeChoice): string {
  const whence = choice === "data"
    ? `all but a thousandth of the values at either end, over the labeled and the unlabeled images; ` +
      `load.range=[${low},${high}] keeps it`
    : "as load.range says";
  return `images of more than 8 bits: ${low} becomes black, ${high} white (${whence})`;
}
