/** Looks at a folder of pictures as a stranger does: what lies there, how large it is, and what its masks hold. @module */
import type { Range } from "../codecs/image.ts";
import { joinPath } from "../datasets/errors.ts";
import { findPairs, type Pairs } from "../datasets/folder/pairs.ts";
import { parsePattern } from "../datasets/folder/pattern.ts";
import { findFiles } from "../datasets/folder/walk.ts";
import type { ListedSample } from "../datasets/id_list.ts";
import { type AnnotatedLook, lookAtAnnotations } from "./annotated.ts";
import { beginningBytes } from "./annotation_form.ts";
import type { MaskValues } from "./mask_values.ts";
import type { KnownNames, Meaning } from "./class_rule.ts";
import { proposeClasses } from "./meaning.ts";
import { maximumNameFile, parseNames } from "./name_files.ts";
import type { MaskPatterns } from "./pairing.ts";
import { lookAtImages, lookAtMasks, type Looking, valueCount } from "./picture_look.ts";
import { publishedNames } from "./published.ts";
import { recognize, type Recognized } from "./recognize.ts";
import { spaced } from "./spaced.ts";

/** Images and masks of one part. */
export interface PartLook {
  readonly patterns: MaskPatterns;
  readonly pairs: Pairs;
  /** Images with a mask. */
  readonly masked: readonly ListedSample[];
}

/** What was seen. */
export interface FolderLook {
  readonly root: string;
  readonly recognized: Recognized;
  /** What is trained on; undefined where no image has a mask. */
  readonly training?: PartLook;
  /** A validation folder. */
  readonly validation?: PartLook;
  /** What annotations hold that stand for masks. */
  readonly annotated?: AnnotatedLook;
  /** All pictures of the folder. */
  readonly pictures: readonly string[];
  /** Of those, that nothing is read from, by folder. */
  readonly left: ReadonlyMap<string, number>;
  /** `width × height` → images, of those that were looked at. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Shortest side of those, pixels. */
  readonly side: number;
  /** Which values of samples of more than 8 bits are black and white; undefined where there are none. */
  readonly range: Range | undefined;
  /** What the masks hold that were looked at. */
  readonly values?: MaskValues;
  /** Names that a file gives to values. */
  readonly names?: KnownNames;
  /** What is wrong with files that were looked at, a message each. */
  readonly problems: readonly string[];
}

/** How much is looked at. */
export interface LookOptions {
  /** Most images that are decoded. */
  readonly images: number;
  /** Most masks that are decoded. */
  readonly masks: number;
  /** Is told which file comes next. */
  readonly onFile?: ((path: string) => void) | undefined;
}

/**
 * Looks at a folder.
 *
 * @throws {DataError} If it cannot be read, or two files of it cannot be told apart.
 */
export async function lookAt(
  root: string,
  { images, masks, onFile = () => {} }: LookOptions,
): Promise<FolderLook> {
  const { pictures, others } = findFiles(root, [""]);
  const problems = new Set<string>();
  const looking: Looking = { root, next: onFile, fault: (message) => problems.add(message) };
  const beginning = (path: string) => beginningOf(joinPath(root, path));
  const recognized = await told(recognize([...pictures, ...others], beginning), root);
  const training = partOf(root, recognized.training, recognized.validation);
  const validation = partOf(root, recognized.validation);
  const isMasked = training !== undefined && training.masked.length > 0;
  const sample = spaced(isMasked ? training.pairs.samples.map(({ image }) => image) : pictures, images);
  const { sizes, sizeOf, side, range } = await lookAtImages(sample, looking);
  const common = { root, recognized, pictures, sizes, side, range };
  if (!isMasked) {
    const annotated = recognized.annotations &&
      await lookAtAnnotations(recognized.annotations, pictures, looking);
    return { ...common, ...(annotated && { annotated }), left: new Map(), problems: [...problems] };
  }
  const masked = spaced([...training.masked, ...(validation?.masked ?? [])], masks);
  const values = await lookAtMasks(masked, sizeOf, looking);
  const names = nameFile(root, recognized.nameFiles);
  return {
    ...common,
    training,
    ...(validation && { validation }),
    left: leftOver(pictures, [training, ...(validation ? [validation] : [])]),
    ...(values && { values }),
    ...(names && { names }),
    problems: [...problems],
  };
}

/** The classes that the masks seem to be of. */
export function proposedClasses({ training, values, names }: FolderLook): Meaning {
  return proposeClasses(values!, names ?? publishedNames(training!.patterns, training!.masked, values!));
}

function partOf(
  root: string,
  patterns: MaskPatterns | undefined,
  apart?: MaskPatterns,
): PartLook | undefined {
  if (patterns === undefined) return undefined;
  const others = apart === undefined ? [] : [parsePattern(apart.images), parsePattern(apart.masks)];
  const pairs = findPairs(root, patterns, (path) => others.some((other) => other.key(path) !== undefined));
  return { patterns, pairs, masked: pairs.samples.filter(({ mask }) => mask !== undefined) };
}

/** Where names do not tell images from masks, the picture with fewer values is the mask. */
async function told(recognized: Recognized, root: string): Promise<Recognized> {
  const { training, validation, sure } = recognized;
  if (sure || training === undefined) return recognized;
  const sample = findPairs(root, training).samples.find(({ mask }) => mask !== undefined);
  if (sample === undefined || await valueCount(root, sample.image) >= await valueCount(root, sample.mask!)) {
    return recognized;
  }
  const turned = ({ images, masks }: MaskPatterns): MaskPatterns => ({ images: masks, masks: images });
  return {
    ...recognized,
    training: turned(training),
    ...(validation === undefined ? {} : { validation: turned(validation) }),
  };
}

function beginningOf(path: string): string | undefined {
  try {
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(beginningBytes);
    return new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
  } catch {
    return undefined; // What cannot be read is of no form.
  }
}

function nameFile(root: string, files: readonly string[]): KnownNames | undefined {
  for (const file of files) {
    const text = beginningOf(joinPath(root, file));
    const names = text === undefined || text.length >= maximumNameFile ? undefined : parseNames(text, file);
    if (names !== undefined) return names;
  }
  return undefined;
}

/** Pictures that no part takes, by folder. */
function leftOver(pictures: readonly string[], parts: readonly PartLook[]): Map<string, number> {
  const taken = new Set(parts.flatMap(({ pairs: { samples, orphans } }) => [
    ...samples.flatMap(({ image, mask = image }) => [image, mask]),
    ...orphans,
  ]));
  const left = pictures.filter((path) => !taken.has(path));
  const byFolder = Map.groupBy(
    left,
    (path) => path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".",
  );
  return new Map([...byFolder].map(([folder, { length }]) => [folder, length]));
}
