/** The leaf `annotations` of `load`: labels by the shapes of an annotation tool, instead of masks. @module */
import { z } from "zod";
import { backgroundOf } from "../../annotations/write.ts";
import { ignoreIndex } from "../classes.ts";
import { type ClassEntry, marksOf, type PixelMark } from "./class_values.ts";
import { patternProblem } from "./pattern.ts";

/** Annotation tools whose files are read; see docs/annotations.md. */
export type AnnotationFormat = "labelme" | "coco" | "cvat" | "label-studio";

/** Where the annotations of a folder are, and what their labels mean. */
export interface AnnotationsConfig {
  /** Which tool's. */
  readonly format: AnnotationFormat;
  /**
   * Files, relative to the root; of LabelMe one folder, whose files are called and arranged as the images are; without it they lie
   * beside the images.
   */
  readonly path: readonly string[];
  /** Which class a label is that is called otherwise; `"ignore"` counts in no loss and no score, null is left out. */
  readonly labels: Readonly<Record<string, string | null>>;
}

/** What an experiment writes of {@linkcode AnnotationsConfig}; `"labelme"` alone is its format. */
export type AnnotationsInput =
  | AnnotationFormat
  | {
    readonly format: AnnotationFormat;
    readonly path?: string | readonly string[] | undefined;
    readonly labels?: Readonly<Record<string, string | null>> | undefined;
  };

const format = z.enum(["labelme", "coco", "cvat", "label-studio"]);
const path = z.string().superRefine((text, issues) => {
  const message = text.includes("*") ? "it holds a *; write each file" : patternProblem(text);
  if (message !== undefined) issues.addIssue({ code: "custom", message });
});
const full = z.strictObject({
  format,
  path: z.union([path, z.array(path)]).default([]).transform((given) =>
    typeof given === "string" ? [given] : given
  ),
  labels: z.record(z.string(), z.string().nullable()).default({}),
}).superRefine(({ format, path }, issues) => {
  const message = format === "labelme"
    ? path.length > 1 ? "LabelMe's files lie in one folder, or beside the images" : undefined
    : path.length === 0
    ? "name the file, relative to load.root"
    : undefined;
  if (message !== undefined) issues.addIssue({ code: "custom", path: ["path"], message });
});

/** The leaf's schema. */
export const annotationsSchema = z.union(
  [format.transform((given) => ({ format: given })).pipe(full), full],
  {
    error:
      'it must be "labelme", or { format: "labelme", "coco", "cvat" or "label-studio"; path: a file or several; ' +
      "labels: classes by label }",
  },
);

/** What labels mean. */
export interface LabelValues {
  /** Label → class or 255; undefined where it is left out. */
  readonly values: ReadonlyMap<string, number | undefined>;
  /** The class of what lies in no shape, or 255. */
  readonly background: number;
}

/**
 * What the labels of annotations mean: a label is the class of its name, unless `labels` says otherwise. What lies in no shape is
 * the class that is `"else"`, or the one called background; it is ignored where `ignore` has `"else"`. LabelMe's `_background_`
 * and `__ignore__` are what they say.
 *
 * @returns What is wrong, and with which leaf, where a label is of no class, or nothing says what lies in no shape.
 */
export function labelValues(
  entries: readonly ClassEntry[],
  ignore: readonly PixelMark[],
  labels: AnnotationsConfig["labels"],
): LabelValues | { readonly leaf: "annotations" | "classes"; readonly message: string } {
  const names = entries.map(([name]) => name);
  const other = entries.findIndex(([, marks]) => marksOf(marks).includes("else"));
  const background = other >= 0
    ? other
    : ignore.includes("else")
    ? ignoreIndex
    : backgroundOf({ names, colors: [] });
  if (background === undefined) {
    return {
      leaf: "classes",
      message: 'nothing says what lies in no shape: add a class "background", or write ignore: ["else"]',
    };
  }
  const values = new Map<string, number | undefined>([["_background_", background], [
    "__ignore__",
    ignoreIndex,
  ]]);
  names.forEach((name, value) => values.set(name, value));
  for (const [label, name] of Object.entries(labels)) {
    const value = name === null ? undefined : names.indexOf(name);
    if (value !== -1) values.set(label, value);
    else if (name === "ignore") values.set(label, ignoreIndex);
    else {
      return {
        leaf: "annotations",
        message: `labels: "${label}" is "${name}", which is no class; there are ${
          names.join(", ")
        }, "ignore" and null`,
      };
    }
  }
  return { values, background };
}
