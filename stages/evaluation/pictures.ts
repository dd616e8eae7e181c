/** Pictures to look at: image, truth, what each prediction says, and where networks disagree. @module */
import {
  type ArtifactKind,
  type ArtifactReader,
  type ArtifactWriter,
  defineKind,
  sha256,
} from "../../pipeline/mod.ts";
import { encodePalettePng, encodeRgbPng } from "../codecs/png_encoder.ts";
import { type ClassList, maskPalette } from "../datasets/classes.ts";
import { ownPredictions, type PerPrediction, type Predictions } from "./predictions.ts";
import type { ImageSize } from "../datasets/samples.ts";

/** PNG files by name. */
export interface Pictures {
  /** File names, relative paths with `/`. */
  readonly names: readonly string[];
  /** A file's bytes. */
  read(name: string): Promise<Uint8Array>;
}

/** Pictures as an artifact: the files under their names. */
export const picturesKind: ArtifactKind<Pictures> = defineKind({
  name: "pictures",
  version: 1,
  async write(pictures: Pictures, out: ArtifactWriter) {
    for (const name of pictures.names) await out.bytes(name, await pictures.read(name));
  },
  read: (source: ArtifactReader) =>
    Promise.resolve({ names: source.names(), read: (name) => source.bytes(name) }),
});

/** Black where the networks agree, white where they do not. */
export const CONFLICT_PALETTE = Uint8Array.of(0, 0, 0, 255, 255, 255);

/** Longest name made of an id. File systems take 255 bytes; what is put behind a name must fit, too. */
const longestName = 160;

/**
 * A file name made of an id: separators, leading dots and what else a file system may refuse become `_`. A longer one than
 * file systems take with what is put behind it ends in a digest of the id in place of the rest.
 */
export function fileName(id: string): string {
  const name = id.replace(/[^A-Za-z0-9._-]|^\.+/g, "_");
  return name.length <= longestName ? name : `${name.slice(0, longestName - 17)}-${sha256(id).slice(0, 16)}`;
}

/** {@linkcode fileName} of each id. Where two would be equal, also to a file system that ignores case, the later gets a number. */
export function fileNames(ids: readonly string[]): string[] {
  const taken = new Set<string>();
  return ids.map((id) => {
    const stem = fileName(id);
    let name = stem;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${stem}_${n}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

/** 1 where the labels of two networks differ; undefined where a single one is scored by itself. */
export function conflictMap(
  labels: PerPrediction<Uint8Array>,
  predictions: Predictions,
): Uint8Array | undefined {
  const [first, ...others] = ownPredictions(predictions).map((name) => labels[name]!);
  if (!first || others.length === 0) return undefined;
  return first.map((label, i) => others.every((other) => other[i] === label) ? 0 : 1);
}

/** The pictures of one image, in the folder `stem`. Truth and conflict are left out where there is none. */
export function pictureFiles(
  stem: string,
  size: ImageSize,
  image: Uint8Array,
  truth: Uint8Array | undefined,
  labels: PerPrediction<Uint8Array>,
  { classes, predictions }: { readonly classes: ClassList; readonly predictions: Predictions },
): Map<string, Uint8Array> {
  const { width, height } = size;
  const palette = maskPalette(classes);
  const conflict = conflictMap(labels, predictions);
  const mask = (indices: Uint8Array) => encodePalettePng(indices, width, height, palette);
  return new Map([
    [`${stem}/image.png`, encodeRgbPng(image, width, height)],
    ...(truth ? [[`${stem}/truth.png`, mask(truth)] as const] : []),
    ...Object.keys(predictions).map((name) => [`${stem}/${name}.png`, mask(labels[name]!)] as const),
    ...(conflict
      ? [[`${stem}/conflict.png`, encodePalettePng(conflict, width, height, CONFLICT_PALETTE)] as const]
      : []),
  ]);
}
