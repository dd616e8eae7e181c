/** Tells of a folder's files which are images, which are masks or annotations, and which are kept for validation. @module */
import { isPictureName } from "../datasets/folder/pattern.ts";
import { type AnnotationForm, annotationForm } from "./annotation_form.ts";
import { isNameFile } from "./name_files.ts";
import { findRules, folderOf, type FoundRule, type MaskPatterns, patternsOf } from "./pairing.ts";
import { type Split, splitOf } from "./words.ts";

/** What a folder holds, as far as names and the beginnings of texts tell. */
export interface Recognized {
  /** Where images and masks of the training lie; undefined where no masks are found. */
  readonly training?: MaskPatterns;
  /** Where those of a validation folder lie. */
  readonly validation?: MaskPatterns;
  /** Whether names tell images from masks. */
  readonly sure: boolean;
  /** Annotations, by their form. */
  readonly annotations?: { readonly form: AnnotationForm; readonly files: readonly string[] };
  /** Files that may name the classes. */
  readonly nameFiles: readonly string[];
  /** Id lists that say who is labeled and who is scored. */
  readonly lists?: FoundLists;
}

/** Id lists, relative to the folder. */
export interface FoundLists {
  readonly labeled: string;
  readonly unlabeled?: string;
  readonly validation: string;
}

/** Gives the beginning of a text file, or undefined if it cannot be read. */
export type ReadBeginning = (path: string) => string | undefined;

/** Most files of annotations whose beginnings are read, evenly spaced. */
const mostTexts = 64;

/**
 * Recognizes a folder.
 *
 * @param files All files, relative, with `/`.
 * @param read Gives the beginning of one of them.
 */
export function recognize(files: readonly string[], read: ReadBeginning): Recognized {
  const rules = findRules(files);
  const annotations = findAnnotations(files, read);
  const lists = findLists(files);
  const common = {
    nameFiles: files.filter(isNameFile),
    ...(annotations === undefined ? {} : { annotations }),
    ...(lists === undefined ? {} : { lists }),
  };
  const best = rules[0];
  return best === undefined
    ? { ...common, sure: true }
    : { ...common, ...partsOf(best, rules, files), sure: best.sure };
}

/** The training, and the validation where the best rule is one of several parts of a data set. */
function partsOf(
  best: FoundRule,
  rules: readonly FoundRule[],
  files: readonly string[],
): { readonly training: MaskPatterns; readonly validation?: MaskPatterns } {
  const part = partOf(best);
  if (part !== undefined) {
    const kin = rules.filter((rule) => {
      const { imageSuffix, maskSuffix } = rule;
      return partOf(rule)?.rest === part.rest && imageSuffix === best.imageSuffix &&
        maskSuffix === best.maskSuffix;
    });
    const of = (split: Split) => kin.find((rule) => partOf(rule)!.split === split)?.patterns;
    const training = of("train"), validation = of("validation");
    if (training !== undefined) return { training, ...(validation === undefined ? {} : { validation }) };
    return { training: best.patterns };
  }
  if (best.images === best.masks) return { training: best.patterns };
  // images/train, images/val: the parts lie within.
  const inner = (folder: string) =>
    new Set(files.filter(isPictureName).flatMap((path) => firstBelow(path, folder) ?? []));
  const both = inner(best.images).intersection(inner(best.masks));
  const of = (split: Split): MaskPatterns | undefined => {
    const folder = [...both].find((name) => splitOf(name)?.split === split);
    if (folder === undefined) return undefined;
    const within = (outer: string) => outer === "" ? folder : `${outer}/${folder}`;
    return patternsOf({ ...best, images: within(best.images), masks: within(best.masks) }, "");
  };
  const training = of("train"), validation = of("validation");
  if (training === undefined) return { training: best.patterns };
  return { training, ...(validation === undefined ? {} : { validation }) };
}

/** The part of a data set that a rule's folders are, and what they are called besides. */
function partOf({ images, masks }: FoundRule): { readonly split: Split; readonly rest: string } | undefined {
  const a = splitOf(images), b = splitOf(masks);
  if (a === undefined || b === undefined || a.split !== b.split) return undefined;
  return { split: a.split, rest: `${a.rest} ${b.rest}` };
}

function firstBelow(path: string, folder: string): string | undefined {
  if (folder !== "" && !path.startsWith(`${folder}/`)) return undefined;
  const [first, ...rest] = (folder === "" ? path : path.slice(folder.length + 1)).split("/");
  return rest.length === 0 ? undefined : first;
}

/** Lists where PASCAL VOC and its kin have them: the labeled and the scored images at least. */
function findLists(files: readonly string[]): FoundLists | undefined {
  for (const folder of ["ImageSets", "ImageSets/Segmentation"]) {
    const find = (...names: readonly string[]) =>
      names.map((name) => `${folder}/${name}.txt`).find((path) => files.includes(path));
    const [labeled, validation] = [find("labeled", "train"), find("val", "validation")];
    const unlabeled = find("unlabeled");
    if (labeled !== undefined && validation !== undefined) {
      return { labeled, validation, ...(unlabeled === undefined ? {} : { unlabeled }) };
    }
  }
  return undefined;
}

/** The form in which most annotation files are, and those files. */
function findAnnotations(files: readonly string[], read: ReadBeginning): Recognized["annotations"] {
  const texts = files.filter((path) => /\.(?:json|xml)$/i.test(path));
  const step = Math.max(1, Math.ceil(texts.length / mostTexts));
  const told = texts.filter((_, at) => at % step === 0).flatMap((path) => {
    const form = annotationForm(read(path) ?? "");
    return form === undefined ? [] : [{ path, form }];
  });
  if (told.length === 0) return undefined;
  const groups = [...Map.groupBy(told, ({ form }) => form)].sort(([, a], [, b]) => b.length - a.length);
  const [form, found] = groups[0]!;
  // Of a form with a file an image, those whose beginnings were not read lie where the others do.
  const folders = new Set(found.map(({ path }) => folderOf(path)));
  return {
    form,
    files: form.many ? texts.filter((path) => folders.has(folderOf(path))) : found.map(({ path }) => path),
  };
}
