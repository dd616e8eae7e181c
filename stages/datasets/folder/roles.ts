/** Who of a folder is labeled, who is not, and who is scored. @module */
import type { readFileWhole } from "../../../pipeline/files/read_file.ts";
import { DataError, joinPath } from "../errors.ts";
import { assertDisjoint, type IdList, type ListedSample, placeOf } from "../id_list.ts";
import { assertFolder, type ListConfig, readListFile, type ResolvedLists } from "../layouts.ts";
import { type Annotated, openAnnotations } from "./annotated.ts";
import type { FolderConfig } from "./config.ts";
import { drawn } from "./order.ts";
import { findPairs, type ImagePatterns, type Pairs } from "./pairs.ts";
import { parsePattern } from "./pattern.ts";

/** What the roles depend on. */
export interface RolesConfig extends
  Pick<ListConfig, "root" | "lists">,
  Pick<
    FolderConfig,
    "images" | "masks" | "annotations" | "classes" | "ignore" | "labeled" | "validation" | "splitSeed"
  > {
  /** Gives the bytes of a list: in a stage `context.read`. */
  readonly read?: typeof readFileWhole | undefined;
}

/** The roles, and what a user should know of how they came about. */
export interface FolderRoles extends ResolvedLists {
  readonly notes: readonly string[];
}

/** Share of the images with a mask that is scored, unless the experiment says how many. */
const scoredShare = 0.2;
/** How many names a note gives. */
const shown = 8;

/**
 * Finds the images of a folder and gives each a role: what a list names has that list's; of the others with a mask as many as
 * `validation` says are drawn to be scored, then as many as `labeled` says to be labeled; the rest is unlabeled.
 *
 * @throws {DataError} If folder or list is missing, no image is labeled, fewer have a mask than are to be drawn, or two roles
 *   share an image.
 */
export async function resolveRoles(config: RolesConfig): Promise<FolderRoles> {
  const { root, lists = {}, validation: wanted } = config;
  await assertFolder(root, "a folder");
  const apart = typeof wanted === "object" && wanted !== null ? wanted : undefined;
  const { annotations } = config;
  const annotated = annotations && await openAnnotations({ ...config, annotations });
  const pairsOf = (patterns: ImagePatterns, excluded?: (path: string) => boolean): Pairs => {
    if (annotated === undefined) return findPairs(root, patterns, excluded);
    const { samples, others } = findPairs(root, { images: patterns.images }, excluded);
    return {
      samples: samples.map(annotated.attach),
      orphans: [],
      others: others.filter((file) => !annotated.isOwn(file)),
    };
  };
  const pairs = once(() => pairsOf(config, apart && fitsEither(apart)));
  const find = (path: string): IdList => ({ path: joinPath(root, path), samples: [] });
  const notes: string[] = [...annotated?.notes ?? []];

  const [labeledList, unlabeledList, validationList] = [
    await listed(lists.labeled, true),
    await listed(lists.unlabeled, false),
    await listed(lists.validation, true),
  ];
  const named = new Set(
    [labeledList, unlabeledList, validationList].flatMap((list) =>
      list?.samples.map(({ image }) => image) ?? []
    ),
  );
  const needsPairs = !labeledList || !unlabeledList || !(validationList ?? apart ?? wanted === null);
  const found = needsPairs ? pairs().samples : [];
  const masked = found.filter(({ image, mask }) => mask !== undefined && !named.has(image));

  const validation = validationList ?? (apart ? scoredApart(apart) : drawValidation());
  const scored = new Set(validation.samples.map(({ image }) => image));
  const candidates = labeledList ??
    { ...find(config.images), samples: masked.filter(({ image }) => !scored.has(image)) };
  const labeled = limited(candidates);
  const learned = new Set(labeled.samples.map(({ image }) => image));
  const unlabeled = unlabeledList ?? {
    ...find(config.images),
    samples: found.filter(({ image }) => !scored.has(image) && !learned.has(image)),
  };
  if (labeled.samples.length === 0) {
    throw annotated
      ? nothingAnnotated(config, annotated)
      : nothingLabeled(config, needsPairs ? pairs() : undefined);
  }
  assertDisjoint(labeled, "labeled", unlabeled, "unlabeled");
  assertDisjoint(labeled, "labeled", validation, "in validation");
  assertDisjoint(unlabeled, "unlabeled", validation, "in validation");
  if (needsPairs) noteFound(pairs());
  const files = [
    ...[lists.labeled, lists.unlabeled, lists.validation].filter((path) => path !== undefined),
    ...annotated?.files.map((file) => joinPath(root, file)) ?? [],
  ];
  return { labeled, unlabeled, validation, files, notes };

  /** A list; where its lines name no mask, an image has the one that is found for it. */
  async function listed(path: string | undefined, needsMasks: boolean): Promise<IdList | undefined> {
    if (path === undefined) return undefined;
    const list = await readListFile(path, "optional", { read: config.read, bare: (id) => imageOf(id) });
    const samples = list.samples.map((sample) => {
      const found = sample.mask === undefined && needsMasks ? maskOf(sample) : {};
      if (found !== undefined) return { ...sample, ...found };
      throw new DataError(
        `Cannot load "${sample.image}" (${
          placeOf(list, sample)
        }): the line names no mask, and none fits load.masks, ` +
          `"${config.masks}". Write "image mask" on the line, or remove it.`,
      );
    });
    return { path, samples };
  }

  function imageOf(id: string): { readonly image: string } {
    const pattern = parsePattern(config.images), key = id.normalize("NFC");
    return pairs().samples.find(({ image }) => pattern.key(image) === key) ?? { image: id };
  }

  function maskOf({ image }: ListedSample): Pick<ListedSample, "mask" | "labels"> | undefined {
    const { mask, labels } = pairs().samples.find((sample) => sample.image === image) ?? {};
    return mask === undefined ? undefined : { mask, ...(labels && { labels }) };
  }

  function scoredApart(patterns: ImagePatterns): IdList {
    const { samples } = pairsOf(patterns);
    const bare = samples.filter(({ mask }) => mask === undefined).map(({ image }) => image);
    if (bare.length === samples.length) {
      throw new DataError(
        `Cannot score on "${
          joinPath(root, patterns.images)
        }": none of its ${samples.length} images has a mask that fits ` +
          `load.validation.masks, "${patterns.masks}". Name the folder of their masks.`,
      );
    }
    if (bare.length > 0) {
      notes.push(`validation: ${counted(bare.length, "image")} without a mask not scored: ${names(bare)}`);
    }
    return { ...find(patterns.images), samples: samples.filter(({ mask }) => mask !== undefined) };
  }

  function drawValidation(): IdList {
    const list = find(config.images);
    if (wanted === null) {
      notes.push(
        "validation: none, so nothing is scored. load.validation=0.2 holds back a fifth of the images with a mask",
      );
      return list;
    }
    const spare = masked.length - (labeledList ? 0 : 1);
    const count = amount(wanted as number | undefined ?? scoredShare, masked.length, spare, "validation");
    if (count === 0) {
      notes.push(
        `validation: none, so nothing is scored: ${counted(masked.length, "image")} with a mask ` +
          `${labeledList ? "is left by the lists" : "must be labeled"}`,
      );
      return list;
    }
    const samples = drawn(masked, count, config.splitSeed, ({ id }) => id);
    notes.push(
      `validation: ${count} of ${
        counted(masked.length, "image")
      } with a mask, drawn by splitSeed ${config.splitSeed}: ` +
        names(samples.map(({ image }) => image)),
    );
    return { ...list, samples };
  }

  /** As many as are to be labeled. */
  function limited({ path, samples }: IdList): IdList {
    if (config.labeled === undefined) return { path, samples };
    const count = amount(config.labeled, samples.length, samples.length, "labeled");
    const some = drawn(samples, count, config.splitSeed, ({ id }) => id);
    notes.push(
      `labeled: ${count} of ${
        counted(samples.length, "image")
      } with a mask, drawn by splitSeed ${config.splitSeed}: ` +
        names(some.map(({ image }) => image)),
    );
    return { path, samples: some };
  }

  /** A number of images; a share is rounded, to one at least where there is one to spare. */
  function amount(given: number, of: number, most: number, leaf: "labeled" | "validation"): number {
    if (given < 1) return Math.min(most, Math.max(1, Math.round(given * of)));
    if (given <= most) return given;
    throw new DataError(
      `Cannot draw load.${leaf}=${given} images of ${of} with a mask: ${most} can be had` +
        `${most < of ? ", as one must be labeled" : ""}. Give a smaller number, or more masks.`,
    );
  }

  function noteFound({ orphans, others }: Pairs): void {
    if (orphans.length > 0) {
      notes.push(`${counted(orphans.length, "mask")} without an image passed over: ${names(orphans)}`);
    }
    if (others.length > 0) {
      notes.push(
        `${counted(others.length, "file")} passed over, hidden or not named as a picture: ${names(others)}`,
      );
    }
  }
}

function fitsEither({ images, masks }: ImagePatterns): (path: string) => boolean {
  const patterns = [images, ...masks === undefined ? [] : [masks]].map(parsePattern);
  return (path) => patterns.some((pattern) => pattern.key(path) !== undefined);
}

function nothingAnnotated({ root, images, annotations }: RolesConfig, { notes }: Annotated): DataError {
  const { format, path } = annotations!;
  const where = path.length > 0 ? path.map((file) => `"${file}"`).join(", ") : "files beside the images";
  return new DataError(
    `Cannot load "${root}": no image that fits load.images, "${images}", is labeled by ${format}, ${where}` +
      `${notes.map((note) => `; ${note}`).join("")}. Check load.images and load.annotations.path.`,
  );
}

function nothingLabeled({ root, images, masks }: RolesConfig, pairs: Pairs | undefined): DataError {
  const { orphans = [], samples = [] } = pairs ?? {};
  const seen = orphans.length > 0
    ? `no mask is called as an image is: there are "${samples[0]!.image}" and "${orphans[0]}"`
    : `no picture fits load.masks, "${masks}"`;
  const guess = samples.length > 0 ? commonPattern(samples[0]!.image, images, orphans, masks) : undefined;
  return new DataError(
    `Cannot load "${root}": no image is labeled, as ${seen}. A mask has the name of its image below the folder, whatever ` +
      `its extension, or a * stands for what both have in common: load.masks="${
        guess ?? "masks/*_mask.png"
      }".`,
  );
}

/** A pattern by which a mask would fit an image whose name it begins with. */
function commonPattern(
  image: string,
  images: string,
  masks: readonly string[],
  pattern: string,
): string | undefined {
  const stem = parsePattern(images).key(image)!, { key } = parsePattern(pattern);
  const mask = masks.map((path) => path.normalize("NFC")).find((path) => key(path)?.startsWith(stem));
  if (mask === undefined) return undefined;
  const at = mask.lastIndexOf(key(mask)!);
  return `${mask.slice(0, at)}*${mask.slice(at + stem.length)}`;
}

function names(paths: readonly string[]): string {
  const more = paths.length - shown;
  return paths.slice(0, shown).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
