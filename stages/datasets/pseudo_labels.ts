/** Labels that a network has given to unlabeled images: as files, and as masks to learn from. @module */
import {
  type ArtifactKind,
  type ArtifactReader,
  type ArtifactWriter,
  defineKind,
} from "../../pipeline/mod.ts";
import { decodePng } from "../codecs/png.ts";
import { type Pictures, picturesKind } from "../evaluation/pictures.ts";
import { type ClassList, ignoreIndex } from "./classes.ts";
import { DataError } from "./errors.ts";
import { type ImageSet, type MaskSet, SetWriter } from "./samples.ts";

/** What is said of an image's labels. */
export interface PseudoLabelEntry {
  /** Of the image. */
  readonly id: string;
  /** Where its files are: `mask.png` and others. */
  readonly folder: string;
  /** Share of the pixels that keep a label. */
  readonly kept: number;
  /** Share of the pixels on which the networks disagree, where several are scored. */
  readonly conflict?: number;
}

/** What `index.json` holds. */
export interface PseudoLabelIndex {
  /** Confidence from which a pixel kept its label. */
  readonly threshold: number;
  /** Names of the classes, by label value. */
  readonly classes: readonly string[];
  /** What is said of each image's labels. */
  readonly entries: readonly PseudoLabelEntry[];
}

/** Labels of images, as PNG files, and which are whose. */
export interface PseudoLabels extends Pictures {
  /** What `index.json` holds. */
  readonly index: PseudoLabelIndex;
}

/** Name of the file that holds the index. */
export const INDEX = "index.json";

/** Pseudo-labels as an artifact: the files under their names. No other pictures pass for them. */
export const pseudoLabelsKind: ArtifactKind<PseudoLabels> = defineKind({
  name: "pseudo-labels",
  version: 1,
  write: (labels: PseudoLabels, out: ArtifactWriter) => picturesKind.write(labels, out),
  async read(source: ArtifactReader) {
    const pictures = await picturesKind.read(source);
    return { ...pictures, index: await source.json(INDEX) as PseudoLabelIndex };
  },
});

/**
 * The labels as masks of a set of images, at the places of the images; one after another is decoded into a packed file.
 *
 * @param path Where to write that.
 * @param signal Ends it between two images.
 * @throws {DataError} If an image has no labels, they are of another size or of other classes, or hold a value that is none.
 */
export async function masksOf(
  labels: PseudoLabels,
  images: ImageSet,
  classes: ClassList,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<MaskSet> {
  const refuse = (rule: string) => new DataError(`Cannot learn from these pseudo-labels: ${rule}`);
  const { index } = labels, given = index.classes.join(", "), wanted = classes.names.join(", ");
  if (given !== wanted) {
    throw refuse(
      `their classes are ${given}, the data's are ${wanted}. Label by networks of the same data set`,
    );
  }
  const folders = new Map(index.entries.map(({ id, folder }) => [id, folder]));
  const writer = new SetWriter(["masks"], () => path);
  try {
    for (let i = 0; i < images.length; i++) {
      signal.throwIfAborted();
      const id = images.ids[i]!, folder = folders.get(id), size = images.size(i);
      if (folder === undefined) {
        throw refuse(
          `image "${id}" has none; ${folders.size} others do. Give pseudoLabel the images that the training has as unlabeled`,
        );
      }
      const name = `${folder}/mask.png`, { width, height, data } = decodePng(await labels.read(name), name);
      if (width !== size.width || height !== size.height) {
        throw refuse(
          `those of "${id}" are ${width} × ${height}, the image is ${size.width} × ${size.height}`,
        );
      }
      const wrong = data.find((value) => value !== ignoreIndex && value >= classes.names.length);
      if (wrong !== undefined) throw refuse(`those of "${id}" hold ${wrong}, which is no class`);
      await writer.add(id, size, { masks: data as Uint8Array });
    }
    return writer.masks(classes);
  } finally {
    writer.close();
  }
}
