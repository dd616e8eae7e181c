/** Looks at the files of an annotation tool: which labels they have, and where `load` finds files and pictures. @module */
import { UserError } from "../../pipeline/errors.ts";
import { readFileWhole } from "../../pipeline/files/read_file.ts";
import type { Annotation } from "../annotations/annotation.ts";
import { readCoco } from "../annotations/coco.ts";
import { readCvat } from "../annotations/cvat.ts";
import { readLabelMe } from "../annotations/labelme.ts";
import { readLabelStudio } from "../annotations/label_studio.ts";
import { joinPath } from "../datasets/errors.ts";
import type { AnnotationFormat } from "../datasets/folder/annotations_config.ts";
import type { Looking } from "./picture_look.ts";
import { commonFolder, folderOf } from "./pairing.ts";
import type { Recognized } from "./recognize.ts";
import { spaced } from "./spaced.ts";
import { type Split, splitOf } from "./words.ts";

/** How often a label occurs. */
export interface LabelCount {
  readonly shapes: number;
  /** Pictures in which it occurs. */
  readonly images: number;
}

/** What annotations hold. */
export interface AnnotatedLook {
  readonly format: AnnotationFormat;
  /** As `load.annotations.path` takes it; none where the files lie beside the images. */
  readonly path: readonly string[];
  /** Where the images of the training lie, a pattern. */
  readonly images: string;
  /** Where images that are scored lie, where they have a folder of their own. */
  readonly validation?: string;
  /** By label, the most frequent first. */
  readonly labels: ReadonlyMap<string, LabelCount>;
  /** Pictures that are annotated, of the files that were read. */
  readonly annotated: number;
  /** Files that were read, and how many there are. */
  readonly looked: number;
  readonly files: number;
}

/** Most bytes of a file of annotations. */
const mostBytes = 500 * 2 ** 20;
/** Most files that are read of a tool with a file for each picture. */
const mostFiles = 500;
/** Labels that are no classes: what lies in no shape, and what counts for nothing. */
const special = /^(?:_*background_*|__ignore__)$/i;

/**
 * Reads annotations.
 *
 * @param pictures All pictures of the folder.
 */
export async function lookAtAnnotations(
  { form, files }: NonNullable<Recognized["annotations"]>,
  pictures: readonly string[],
  { root, next, fault }: Looking,
): Promise<AnnotatedLook> {
  const counts = new Map<string, { shapes: number; images: number }>();
  const wanted = form.many ? spaced(files, mostFiles) : files;
  let annotated = 0;
  for (const file of wanted) {
    const path = joinPath(root, file);
    next(file);
    try {
      const text = new TextDecoder().decode(await readFileWhole(path, mostBytes));
      for (const { regions, isLabeled } of annotationsOf(form.id, text, path)) {
        if (!isLabeled) continue;
        annotated++;
        const labels = regions.map(({ label }) => label).filter((label) => !special.test(label));
        for (const [label, { length }] of Map.groupBy(labels, (label) => label)) {
          const { shapes, images } = counts.get(label) ?? { shapes: 0, images: 0 };
          counts.set(label, { shapes: shapes + length, images: images + 1 });
        }
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      fault(error.message);
    }
  }
  const { images, validation } = imageFolders(pictures);
  const folder = commonFolder(files.map(folderOf));
  const isBeside = form.many &&
    files.some((file) => pictures.some((picture) => folderOf(picture) === folderOf(file)));
  return {
    format: form.id,
    path: isBeside ? [] : form.many ? [folder === "" ? "." : folder] : files,
    images,
    ...(validation === undefined ? {} : { validation }),
    labels: new Map([...counts].sort(([, a], [, b]) => b.shapes - a.shapes)),
    annotated,
    looked: wanted.length,
    files: files.length,
  };
}

function annotationsOf(format: AnnotationFormat, text: string, path: string): Iterable<Annotation> {
  switch (format) {
    case "labelme":
      return [readLabelMe(text, path)];
    case "coco":
      return readCoco(text, path).values();
    case "cvat":
      return readCvat(text, path).values();
    case "label-studio":
      return readLabelStudio(text, path).values();
  }
}

/** Where pictures lie; apart where there are folders of a training and a validation. */
function imageFolders(
  pictures: readonly string[],
): { readonly images: string; readonly validation?: string } {
  const folders = [...new Set(pictures.map(folderOf))];
  const inPart = (split: Split) => folders.filter((folder) => splitOf(folder)?.split === split);
  const pattern = (some: readonly string[]) => commonFolder(some) === "" ? "*" : commonFolder(some);
  const training = inPart("train"), validation = inPart("validation");
  if (training.length === 0) return { images: pattern(folders) };
  return {
    images: pattern(training),
    ...(validation.length === 0 ? {} : { validation: pattern(validation) }),
  };
}
