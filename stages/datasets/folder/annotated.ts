/** Finds the annotations of a folder's images, and makes labels of them. @module */
import { FileReadError, readFileWhole } from "../../../pipeline/files/read_file.ts";
import type { Annotation } from "../../annotations/annotation.ts";
import { readCoco } from "../../annotations/coco.ts";
import { readCvat } from "../../annotations/cvat.ts";
import { readLabelMe } from "../../annotations/labelme.ts";
import { readLabelStudio } from "../../annotations/label_studio.ts";
import { matchPictures } from "../../annotations/match.ts";
import { rasterize } from "../../annotations/rasterize.ts";
import { DataError, joinPath } from "../errors.ts";
import type { ListedSample } from "../id_list.ts";
import { type AnnotationsConfig, type LabelValues, labelValues } from "./annotations_config.ts";
import type { FolderConfig } from "./config.ts";
import { parsePattern, withoutExtension } from "./pattern.ts";
import { findFiles } from "./walk.ts";

/** What the annotations depend on. */
export interface AnnotatedConfig extends Pick<FolderConfig, "images" | "validation" | "classes" | "ignore"> {
  readonly root: string;
  readonly annotations: AnnotationsConfig;
  /** Gives a file's bytes: in a stage `context.read`. */
  readonly read?: typeof readFileWhole | undefined;
}

/** The annotations of a folder. */
export interface Annotated {
  /** Gives an image its annotation, if somebody labeled it. */
  attach(sample: ListedSample): ListedSample;
  /** The files that were read, relative to the root. */
  readonly files: readonly string[];
  /** Whether a file may be one of annotations. */
  isOwn(path: string): boolean;
  /** What a user should know. */
  readonly notes: readonly string[];
}

/** Most bytes of a file of annotations: about the longest text that can be held. */
const mostBytes = 500 * 2 ** 20;
/** How many names a note or an error gives. */
const shown = 8;

/**
 * Opens the annotations of a folder.
 *
 * @throws {DataError} If a file is missing or cannot be read, a picture has two annotations, or labels are no classes.
 */
export async function openAnnotations(config: AnnotatedConfig): Promise<Annotated> {
  const { annotations: { format, labels }, classes = [], ignore } = config;
  const meaning = labelValues(classes, ignore, labels);
  if ("leaf" in meaning) throw new DataError(`Cannot read load.${meaning.leaf}: ${meaning.message}.`);
  return format === "labelme" ? openLabelMe(config, meaning) : await openShared(config, meaning);
}

const readers = { coco: readCoco, cvat: readCvat, "label-studio": readLabelStudio } as const;

/** One file for many pictures. */
async function openShared(config: AnnotatedConfig, meaning: LabelValues): Promise<Annotated> {
  const { root, images, validation, annotations: { format, path: files } } = config;
  const patterns = [images, ...apartOf(validation)].map(parsePattern);
  const pictures = findFiles(root, patterns.map(({ folder }) => folder)).pictures
    .filter((path) => patterns.some(({ key }) => key(path) !== undefined));
  const found = new Map<string, Annotation & { readonly from: string }>(), missing: string[] = [];
  for (const file of files) {
    const path = joinPath(root, file);
    const annotations = readers[format as keyof typeof readers](await textOf(path, config.read), path);
    const labeled = new Map([...annotations].filter(([, { isLabeled }]) => isLabeled));
    assertKnown([...labeled.values()], meaning, config);
    const matched = matchPictures(labeled, pictures);
    missing.push(...matched.missing);
    for (const [picture, annotation] of matched.found) {
      const other = found.get(picture);
      if (other !== undefined) {
        throw new DataError(
          `Cannot take two annotations of "${picture}", from "${other.file}" and "${path}". Remove one.`,
        );
      }
      found.set(picture, { ...annotation, from: file });
    }
  }
  const count = missing.length === 1 ? "1 annotation" : `${missing.length} annotations`;
  return {
    files,
    isOwn: (path) => files.includes(path),
    notes: missing.length > 0
      ? [`${count} of pictures that are not there passed over: ${some(missing)}`]
      : [],
    attach(sample) {
      const annotation = found.get(sample.image);
      if (annotation === undefined) return sample;
      const labels = (size: Size) =>
        Promise.resolve(rasterize(annotation, meaning.values, meaning.background, size));
      return { ...sample, mask: annotation.from, labels };
    },
  };
}

/** A file for each picture; each is read when its labels are wanted. */
function openLabelMe(config: AnnotatedConfig, meaning: LabelValues): Annotated {
  const { root, images, validation, read, annotations: { path: [folder] } } = config;
  const patterns = [images, ...apartOf(validation)].map(parsePattern);
  const folders = folder === undefined ? patterns.map((pattern) => pattern.folder) : [plain(folder)];
  const files = new Set(findFiles(root, folders).others.filter((path) => path.endsWith(".json")));
  const fileOf = (image: string) => {
    if (folder === undefined) return `${withoutExtension(image)}.json`;
    const key = patterns.map((pattern) => pattern.key(image)).find((found) => found !== undefined);
    return `${plain(folder) === "" ? "" : `${plain(folder)}/`}${key ?? withoutExtension(image)}.json`;
  };
  const open = async (file: string, from = read) => {
    const path = joinPath(root, file);
    return readLabelMe(await textOf(path, from), path);
  };
  return {
    files: [],
    isOwn: (path) => path.endsWith(".json"),
    notes: [],
    attach(sample) {
      const file = fileOf(sample.image);
      if (!files.has(file)) return sample;
      return {
        ...sample,
        mask: file,
        async labels(size) {
          const annotation = await open(file);
          if (annotation.regions.some(({ label }) => !meaning.values.has(label))) {
            // The others are looked at, too, so that one error names all that is to be added.
            const all = await Promise.all(
              [...files].sort().map((other) => open(other, readFileWhole).catch(() => [])),
            );
            assertKnown(
              [annotation, ...all.flat().filter(({ file }) => file !== annotation.file)],
              meaning,
              config,
            );
          }
          return rasterize(annotation, meaning.values, meaning.background, size);
        },
      };
    },
  };
}

type Size = { readonly width: number; readonly height: number };

/** The images that are scored, where they have a folder of their own. */
function apartOf(validation: FolderConfig["validation"]): string[] {
  return typeof validation === "object" && validation !== null ? [validation.images] : [];
}

function plain(folder: string): string {
  return folder.split("/").filter((part) => part !== "" && part !== ".").join("/");
}

async function textOf(path: string, read: typeof readFileWhole = readFileWhole): Promise<string> {
  const refuse = (reason: string, remedy: string, cause: unknown) =>
    new DataError(`Cannot read the annotations "${path}": ${reason}. ${remedy}.`, { cause });
  let bytes: Uint8Array;
  try {
    bytes = await read(path, mostBytes);
  } catch (cause) {
    if (!(cause instanceof FileReadError)) throw cause;
    throw refuse(
      cause.missing ? "there is no such file" : cause.reason,
      "Name it by load.annotations.path, relative to load.root",
      cause,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse("it is no text in UTF-8", "Export again", cause);
  }
}

/** Says all labels that are no classes at once, with how often they are there and what to write. */
function assertKnown(
  annotations: readonly Annotation[],
  { values }: LabelValues,
  { root, classes = [] }: AnnotatedConfig,
): void {
  const regions = annotations.flatMap(({ regions }) => regions).filter(({ label }) => !values.has(label));
  if (regions.length === 0) return;
  const counts = [...Map.groupBy(regions, ({ label }) => label)]
    .map(([label, { length }]) => ({ label, length })).sort((a, b) => b.length - a.length);
  const named = counts.slice(0, shown).map(({ label, length }) =>
    `${JSON.stringify(label)} (${length} ${length === 1 ? "shape" : "shapes"})`
  );
  const more = counts.length > shown ? ` and ${counts.length - shown} more` : "";
  const names = classes.map(([name]) => name);
  const isPlain = classes.every(([, marks], label) => marks === label);
  const added = [...names, ...counts.map(({ label }) => label)].map((name) => JSON.stringify(name)).join(
    ", ",
  );
  throw new DataError(
    `Cannot label the pictures of "${root}": annotations have labels that are no class: ${
      named.join(", ")
    }${more}. ` +
      `${
        isPlain && counts.length <= shown ? `Write classes: [${added}]` : "Add them to load.classes"
      }, or say in ` +
      `load.annotations what they are: labels: { ${
        JSON.stringify(counts[0]!.label)
      }: … }, the name of a class, "ignore" to count ` +
      `nowhere, or null to leave the shapes out.`,
  );
}

function some(names: readonly string[]): string {
  const more = names.length - shown;
  return names.slice(0, shown).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
