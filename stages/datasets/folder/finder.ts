/** The images of a folder and what labels them, looked for once somebody asks. @module */
import type { ListedSample } from "../id_list.ts";
import { counted, someOf } from "../words.ts";
import type { Annotated } from "./annotated.ts";
import type { FolderConfig } from "./config.ts";
import { findPairs, type ImagePatterns, type Pairs } from "./pairs.ts";
import { parsePattern } from "./pattern.ts";

/** Finds images, with the mask or the annotation of each. */
export class ImageFinder {
  #pairs: Pairs | undefined;
  #byKey: ReadonlyMap<string, ListedSample> | undefined;
  #byImage: ReadonlyMap<string, ListedSample> | undefined;

  /**
   * @param root The data set's folder.
   * @param patterns Where the images of the training and their masks are.
   * @param apart Where those of validation are, if they have folders of their own; these are no images of the training.
   * @param annotated What stands for masks.
   */
  constructor(
    readonly root: string,
    readonly patterns: Pick<FolderConfig, "images" | "masks">,
    readonly apart: ImagePatterns | undefined,
    readonly annotated: Annotated | undefined,
  ) {}

  /** The images of the training; looked for once. */
  get pairs(): Pairs {
    const { images, masks } = this.apart ?? {};
    const others = [images, masks].filter((text) => text !== undefined).map(parsePattern);
    return this.#pairs ??= this.find(
      this.patterns,
      (path) => others.some(({ key }) => key(path) !== undefined),
    );
  }

  /** The image that a pattern's star, or a path below the folder, stands for in a list. */
  byKey(key: string): ListedSample | undefined {
    const pattern = parsePattern(this.patterns.images);
    this.#byKey ??= new Map(this.pairs.samples.map((sample) => [pattern.key(sample.image)!, sample]));
    return this.#byKey.get(key.normalize("NFC"));
  }

  /** The image of a path. */
  byImage(path: string): ListedSample | undefined {
    this.#byImage ??= new Map(this.pairs.samples.map((sample) => [sample.image, sample]));
    return this.#byImage.get(path);
  }

  /** Images, with what labels them. */
  find(patterns: ImagePatterns, excluded?: (path: string) => boolean): Pairs {
    const { root, annotated } = this;
    if (annotated === undefined) return findPairs(root, patterns, excluded);
    const { samples, others } = findPairs(root, { images: patterns.images }, excluded);
    return {
      samples: samples.map(annotated.attach),
      orphans: [],
      others: others.filter((file) => !annotated.isOwn(file)),
    };
  }

  /** What was passed over. */
  notes(): string[] {
    const { orphans, others } = this.#pairs ?? { orphans: [], others: [] };
    return [
      ...(orphans.length > 0
        ? [`${counted(orphans.length, "mask")} without an image passed over: ${someOf(orphans)}`]
        : []),
      ...(others.length > 0
        ? [
          `${counted(others.length, "file")} passed over, hidden or not named as a picture: ${
            someOf(others)
          }`,
        ]
        : []),
    ];
  }
}
