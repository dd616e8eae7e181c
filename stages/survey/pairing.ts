/** Finds by which rule pictures of a listing are images and masks: by where they lie and how they are called. @module */
import { isPictureName, withoutExtension } from "../datasets/folder/pattern.ts";
import { imageSuffixes, maskSuffixes, roleOf, splitOf } from "./words.ts";

/** Where images and masks lie: patterns, as `load` takes them. */
export interface MaskPatterns {
  readonly images: string;
  readonly masks: string;
}

/** A rule by which masks are found for images. */
export interface PairRule {
  /** Folder of the images; `""` is the folder that was listed. */
  readonly images: string;
  /** Folder of the masks; that of the images where they lie side by side. */
  readonly masks: string;
  /** What an image's name has behind what it has in common with its mask's; mostly nothing. */
  readonly imageSuffix: string;
  /** What a mask's name has there: `_mask` of `x_mask.png`. */
  readonly maskSuffix: string;
}

/** A rule that was found. */
export interface FoundRule extends PairRule {
  /** Masks that it finds. */
  readonly count: number;
  /** Whether names tell which of the two are the masks; otherwise only a look at them does. */
  readonly sure: boolean;
  /** The same as patterns, as `load` takes them. */
  readonly patterns: MaskPatterns;
}

/** Of more files of one stem than this, only those are compared whose folders differ in one segment. */
const manyOfOneStem = 16;

interface File {
  readonly path: string;
  readonly folder: string;
  readonly stem: string;
}

interface Candidate {
  readonly file: File;
  readonly imageSuffix: string;
}

interface Vote {
  readonly rule: PairRule;
  count: number;
  /** One of the images, whose extension tells images and masks apart where nothing else does. */
  readonly image: string;
}

/**
 * The rules by which masks are found for the images of a listing, that with the most masks first.
 *
 * @param paths All files, relative, with `/`.
 */
export function findRules(paths: readonly string[]): FoundRule[] {
  const files = paths.filter(isPictureName).map((path): File => {
    return {
      path,
      folder: folderOf(path),
      stem: withoutExtension(path.slice(path.lastIndexOf("/") + 1)),
    };
  });
  const lossy = new Set(files.filter(({ path }) => isLossy(path)).flatMap(({ folder }) => upwards(folder)));
  const found = joined([...votes(files).values()]).map((vote) => ({
    ...vote,
    plausible: plausibility(vote.rule, lossy),
  }))
    .filter(({ plausible }) => plausible >= 0);
  const byFolders = new Map(found.map((vote) => [`${vote.rule.images}\0${vote.rule.masks}`, vote]));
  found.sort((a, b) =>
    b.count - a.count || b.plausible - a.plausible || (keyOf(a.rule) < keyOf(b.rule) ? -1 : 1)
  );
  return found.map(({ rule, count, plausible, image }): FoundRule => {
    const rival = rule.images === rule.masks ? undefined : byFolders.get(`${rule.masks}\0${rule.images}`);
    const sure = rival === undefined || plausible !== rival.plausible || count !== rival.count;
    return { ...rule, count, sure, patterns: patternsOf(rule, image) };
  });
}

/** A rule as patterns. */
export function patternsOf(rule: PairRule, image: string): MaskPatterns {
  const { images, masks, imageSuffix, maskSuffix } = rule;
  const below = (folder: string, suffix: string) => folder === "" ? `*${suffix}` : `${folder}/*${suffix}`;
  if (images === masks && imageSuffix === "" && maskSuffix === "") {
    return {
      images: below(images, image.slice(withoutExtension(image).length)),
      masks: below(masks, ".png"),
    };
  }
  return {
    images: imageSuffix === "" && images !== "" ? images : below(images, imageSuffix),
    masks: maskSuffix === "" && masks !== "" ? masks : below(masks, maskSuffix),
  };
}

/** Each rule by which a file would be the mask of another, with how many files say so. */
function votes(files: readonly File[]): Map<string, Vote> {
  const byStem = new Map<string, Candidate[]>();
  for (const file of files) {
    for (const imageSuffix of imageSuffixes.filter((suffix) => file.stem.endsWith(suffix))) {
      add(byStem, file.stem.slice(0, file.stem.length - imageSuffix.length), { file, imageSuffix });
    }
  }
  const crowded = new Map<string, Map<string, Candidate[]>>();
  const found = new Map<string, Vote>();
  for (const mask of files) {
    for (const maskSuffix of maskSuffixes.filter((suffix) => mask.stem.endsWith(suffix))) {
      const stem = mask.stem.slice(0, mask.stem.length - maskSuffix.length);
      let images = byStem.get(stem) ?? [];
      if (images.length > manyOfOneStem) {
        let near = crowded.get(stem);
        if (near === undefined) crowded.set(stem, near = nearFolders(images));
        images = [mask.folder, ...variants(mask.folder)].flatMap((folder) => near.get(folder) ?? []);
      }
      const said = new Map<string, Omit<Vote, "count">>();
      for (const { file: image, imageSuffix } of images) {
        if (image === mask || !mayBeMask(image.folder, mask.folder)) continue;
        const rule = ruleOf(image, mask, imageSuffix, maskSuffix);
        if (rule !== undefined) said.set(keyOf(rule), { rule, image: image.path });
      }
      for (const [key, { rule, image }] of said) {
        const vote = found.get(key);
        if (vote === undefined) found.set(key, { rule, image, count: 1 });
        else vote.count++;
      }
    }
  }
  return found;
}

/** Where images and masks lie side by side in several folders, one rule for all of them. */
function joined(all: readonly Vote[]): Vote[] {
  const beside = Map.groupBy(
    all.filter(({ rule: { images, masks } }) => images === masks),
    ({ rule: { imageSuffix, maskSuffix } }) => `${imageSuffix}\0${maskSuffix}`,
  );
  return [
    ...all.filter(({ rule: { images, masks } }) => images !== masks),
    ...[...beside.values()].map((votes): Vote => {
      const folder = commonFolder(votes.map(({ rule }) => rule.images));
      const count = votes.reduce((sum, vote) => sum + vote.count, 0);
      return { ...votes[0]!, count, rule: { ...votes[0]!.rule, images: folder, masks: folder } };
    }),
  ];
}

/** The folder of a file; `""` where it lies in none. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

/** The folder that all lie in; `""` where they have none in common. */
export function commonFolder(folders: readonly string[]): string {
  const [first = [], ...others] = folders.map((folder) => folder.split("/"));
  const end = first.findIndex((segment, at) => others.some((other) => other[at] !== segment));
  return (end < 0 ? first : first.slice(0, end)).join("/");
}

/** Whether the names of two folders, from where they differ, let the second hold masks of what is in the first. */
function mayBeMask(images: string, masks: string): boolean {
  if (images === masks) return true;
  const common = commonFolder([images, masks]), from = common === "" ? 0 : common.length + 1;
  const ofImages = roleOf(images.slice(from)), ofMasks = roleOf(masks.slice(from));
  if (ofImages === "mask" && ofMasks === "mask") return false;
  return ofMasks !== "image";
}

/** What two folders have in common at their ends is no part of a rule: `images/a` and `masks/a` are `images` and `masks`. */
function ruleOf(image: File, mask: File, imageSuffix: string, maskSuffix: string): PairRule | undefined {
  const suffixes = { imageSuffix, maskSuffix };
  if (image.folder === mask.folder) {
    // Of two files of one name, the PNG is the mask.
    if (imageSuffix === maskSuffix && (!isPng(mask.path) || isPng(image.path))) return undefined;
    return { images: image.folder, masks: image.folder, ...suffixes };
  }
  const images = image.folder.split("/"), masks = mask.folder.split("/");
  while (images.length > 0 && masks.length > 0 && images.at(-1) === masks.at(-1)) {
    images.pop();
    masks.pop();
  }
  return { images: images.join("/"), masks: masks.join("/"), ...suffixes };
}

/** Files by their folders, and by variants of these. */
function nearFolders(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  const found = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const { folder } = candidate.file;
    for (const variant of [folder, ...variants(folder)]) add(found, variant, candidate);
  }
  return found;
}

/** A folder without one segment, and with it open, for each segment whose name says what it holds. */
function variants(folder: string): string[] {
  const segments = folder.split("/");
  return segments.flatMap((segment, at) =>
    roleOf(segment) === undefined
      ? []
      : [segments.toSpliced(at, 1).join("/"), segments.toSpliced(at, 1, "*").join("/")]
  );
}

/** A folder and all above it. */
function upwards(folder: string): string[] {
  const segments = folder.split("/");
  return ["", ...segments.map((_, at) => segments.slice(0, at + 1).join("/"))];
}

/**
 * What names say for a rule, and against it: below 0 it is none.
 *
 * @param lossy Folders that have pictures below them in a form that no mask is stored in.
 */
function plausibility(
  { images, masks, imageSuffix, maskSuffix }: PairRule,
  lossy: ReadonlySet<string>,
): number {
  const bySuffix = (maskSuffix === "" ? 0 : 3) - (imageSuffix !== "" && maskSuffix === "" ? 2 : 0);
  if (images === masks) return 1 + bySuffix;
  const ofImages = roleOf(images), ofMasks = roleOf(masks);
  if (ofImages === "mask" && ofMasks !== "mask") return -1;
  if (ofMasks === "image" && ofImages !== "image") return -1;
  // Files of one name in two parts of a data set have nothing to do with each other.
  const [part, other] = [splitOf(images), splitOf(masks)];
  if (part !== undefined && other !== undefined && part.split !== other.split) return -1;
  // Cityscapes has both, and what is trained on are the train ids.
  const byIds = maskSuffix.endsWith("TrainIds") ? 1 : 0;
  return byIds + (ofMasks === "mask" ? 4 : 0) + (ofImages === "image" ? 2 : 0) + bySuffix +
    (lossy.has(masks) ? 0 : 1);
}

function keyOf({ images, masks, imageSuffix, maskSuffix }: PairRule): string {
  return [images, masks, imageSuffix, maskSuffix].join("\0");
}

function add<T>(map: Map<string, T[]>, key: string, item: T): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, [item]);
  else items.push(item);
}

function isPng(path: string): boolean {
  return /\.png$/i.test(path);
}

function isLossy(path: string): boolean {
  return /\.(?:jpe?g|jpe|jfif|webp)$/i.test(path);
}
