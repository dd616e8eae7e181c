/** Looks at a folder of pictures as a stranger does: what lies there, how large it is, and what its masks hold. @module */
import { UserError } from "../../pipeline/errors.ts";
import { readFileWhole } from "../../pipeline/files/read_file.ts";
import { decodingBudget } from "../codecs/image.ts";
import { decodeStored } from "../codecs/picture.ts";
import { DataError, joinPath } from "../datasets/errors.ts";
import { findPairs, type PairPatterns, type Pairs } from "../datasets/folder/pairs.ts";
import { parsePattern } from "../datasets/folder/pattern.ts";
import { findFiles } from "../datasets/folder/walk.ts";
import type { ListedSample } from "../datasets/id_list.ts";
import { beginningBytes } from "./annotation_form.ts";
import { formOf, MaskValues } from "./mask_values.ts";
import { type KnownNames, type Meaning, proposeClasses } from "./meaning.ts";
import { maximumNameFile, parseNames } from "./name_files.ts";
import { publishedNames } from "./published.ts";
import { recognize, type Recognized } from "./recognize.ts";

/** Images and masks of one part, and what was seen of them. */
export interface PartLook {
  readonly patterns: PairPatterns;
  readonly pairs: Pairs;
  /** Images with a mask. */
  readonly masked: readonly ListedSample[];
}

/** What was seen. */
export interface FolderLook {
  readonly root: string;
  readonly recognized: Recognized;
  /** What is trained on; undefined where no masks are found. */
  readonly training?: PartLook;
  /** A validation folder. */
  readonly validation?: PartLook;
  /** All pictures of the folder. */
  readonly pictures: readonly string[];
  /** Of those, in folders that nothing is read from, by folder. */
  readonly left: ReadonlyMap<string, number>;
  /** `width × height` → images, of those that were looked at. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Shortest side of those, pixels. */
  readonly side: number;
  /** Images that were looked at. */
  readonly looked: number;
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
  readonly onFile?: ((path: string, done: number, of: number) => void) | undefined;
}

/** Folders that Crossview writes; what is in them is no data. */
const ours = /(?:^|\/)(?:runs|predictions|node_modules)\//;

/**
 * Looks at a folder.
 *
 * @throws {DataError} If it cannot be read, or two files of it cannot be told apart.
 */
export async function lookAt(root: string, { images, masks, onFile }: LookOptions): Promise<FolderLook> {
  const found = findFiles(root, [""]);
  const pictures = found.pictures.filter((path) => !ours.test(path));
  const others = found.others.filter((path) => !ours.test(path));
  const problems = new Set<string>();
  const recognized = await told(
    recognize([...pictures, ...others], (path) => beginningOf(joinPath(root, path))),
    root,
  );
  const training = part(recognized.training, recognized.validation);
  const validation = part(recognized.validation);
  const sample = images === 0
    ? []
    : spaced(training?.pairs.samples ?? pictures.map((image) => ({ id: image, image })), images);
  const maskSample = spaced([...(training?.masked ?? []), ...(validation?.masked ?? [])], masks);
  let done = 0;
  const next = (path: string) => onFile?.(path, ++done, sample.length + maskSample.length);

  const sizes = new Map<string, number>(), sizeOf = new Map<string, string>();
  let side = Infinity;
  for (const { image } of sample) {
    next(image);
    await collecting(problems, async () => {
      const path = joinPath(root, image);
      const { width, height } = await decodeStored(
        await readFileWhole(path, decodingBudget),
        path,
        "upright",
      );
      const size = `${width} × ${height}`;
      sizes.set(size, (sizes.get(size) ?? 0) + 1);
      sizeOf.set(image, size);
      side = Math.min(side, width, height);
    });
  }
  let values: MaskValues | undefined;
  for (const { image, mask } of maskSample) {
    next(mask!);
    await collecting(problems, async () => {
      const path = joinPath(root, mask!);
      const samples = await decodeStored(await readFileWhole(path, decodingBudget), path, "upright");
      if (samples.lossy !== undefined) {
        throw new DataError(
          `Cannot take "${path}" as a mask: it is compressed as ${samples.lossy}, which does not keep values as they were drawn. ` +
            `Draw or export the masks as PNG.`,
        );
      }
      values ??= new MaskValues(formOf(samples));
      if ((formOf(samples) === "color") !== (values.form === "color")) {
        throw new DataError(
          `Cannot take "${path}" with the other masks: it holds ${
            formOf(samples) === "color" ? "colors" : "one value a pixel"
          }, ` +
            `and they do not. Convert the masks to one form.`,
        );
      }
      values.add(samples);
      const size = `${samples.width} × ${samples.height}`, wanted = sizeOf.get(image);
      if (wanted !== undefined && wanted !== size) {
        throw new DataError(
          `Cannot take "${path}" as a mask: it is ${size}, its image "${image}" is ${wanted}.`,
        );
      }
    });
  }
  const names = nameFile(root, recognized.nameFiles);
  return {
    root,
    recognized,
    ...(training === undefined ? {} : { training }),
    ...(validation === undefined ? {} : { validation }),
    pictures,
    left: leftOver(pictures, [training, validation]),
    sizes,
    side: Number.isFinite(side) ? side : 0,
    looked: [...sizes.values()].reduce((sum, count) => sum + count, 0),
    ...(values === undefined ? {} : { values }),
    ...(names === undefined ? {} : { names }),
    problems: [...problems],
  };

  function part(patterns: PairPatterns | undefined, apart?: PairPatterns): PartLook | undefined {
    if (patterns === undefined) return undefined;
    const others = apart === undefined ? [] : [parsePattern(apart.images), parsePattern(apart.masks)];
    const pairs = findPairs(
      root,
      patterns,
      (path) => ours.test(path) || others.some((other) => other.key(path) !== undefined),
    );
    return { patterns, pairs, masked: pairs.samples.filter(({ mask }) => mask !== undefined) };
  }
}

/** The classes that the masks seem to be of. */
export function proposedClasses({ training, values, names }: FolderLook): Meaning {
  return proposeClasses(values!, names ?? publishedNames(training!.patterns, training!.masked, values!));
}

/** Where names do not tell images from masks, the picture with fewer values is the mask. */
async function told(recognized: Recognized, root: string): Promise<Recognized> {
  const { training, sure } = recognized;
  if (sure || training === undefined) return recognized;
  const sample = findPairs(root, training).samples.find(({ mask }) => mask !== undefined);
  if (sample === undefined) return recognized;
  const [ofImage, ofMask] = await Promise.all([sample.image, sample.mask!].map(async (file) => {
    const path = joinPath(root, file);
    try {
      const samples = await decodeStored(await readFileWhole(path, decodingBudget), path);
      if (samples.lossy !== undefined) return Infinity;
      const values = new MaskValues(formOf(samples));
      values.add(samples);
      return values.counts.size + values.further;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return Infinity; // What is no mask's format is no mask.
    }
  }));
  if (ofImage! >= ofMask!) return { ...recognized, sure: true };
  const turned = (patterns: PairPatterns): PairPatterns => ({
    images: patterns.masks,
    masks: patterns.images,
  });
  return {
    ...recognized,
    training: turned(training),
    ...(recognized.validation === undefined ? {} : { validation: turned(recognized.validation) }),
    sure: true,
  };
}

function beginningOf(path: string): string | undefined {
  try {
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(beginningBytes);
    return new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
  } catch {
    return undefined;
  }
}

function nameFile(root: string, files: readonly string[]): KnownNames | undefined {
  for (const file of files) {
    const path = joinPath(root, file);
    const text = beginningOf(path);
    const names = text === undefined || text.length > maximumNameFile ? undefined : parseNames(text, file);
    if (names !== undefined) return names;
  }
  return undefined;
}

/** Pictures that no part takes, by folder. */
function leftOver(
  pictures: readonly string[],
  parts: readonly (PartLook | undefined)[],
): Map<string, number> {
  const taken = new Set(
    parts.flatMap((part) =>
      part === undefined
        ? []
        : [...part.pairs.samples.flatMap(({ image, mask = image }) => [image, mask]), ...part.pairs.orphans]
    ),
  );
  const left = new Map<string, number>();
  if (parts.every((part) => part === undefined)) return left;
  for (const path of pictures.filter((path) => !taken.has(path))) {
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
    left.set(folder, (left.get(folder) ?? 0) + 1);
  }
  return left;
}

/** Runs `work`; a mistake in the data becomes a problem, all else is thrown. */
async function collecting(problems: Set<string>, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.add(error.message);
  }
}

/** `count` items, evenly spaced, the first and the last among them. */
export function spaced<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, i) => items[Math.round(i * (items.length - 1) / Math.max(1, count - 1))]!,
  );
}
