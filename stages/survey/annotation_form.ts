/** Tells in which form a file of annotations is, by how it begins. @module */

/** A form of annotations. */
export interface AnnotationForm {
  /** How `load` calls it. */
  readonly id: "labelme" | "coco" | "cvat" | "label-studio";
  /** How people call it. */
  readonly name: string;
  /** Whether each image has a file of its own. */
  readonly many: boolean;
}

const forms: readonly (readonly [AnnotationForm, (text: string) => boolean])[] = [
  [
    { id: "labelme", name: "LabelMe JSON", many: true },
    (text) =>
      text.startsWith("{") && /"shapes"\s*:/.test(text) &&
      /"(?:imagePath|imageData|flags|version)"\s*:/.test(text),
  ],
  [
    { id: "coco", name: "COCO JSON", many: false },
    (text) => text.startsWith("{") && /"(?:images|annotations|categories|licenses)"\s*:\s*\[/.test(text),
  ],
  [
    { id: "label-studio", name: "a Label Studio export", many: false },
    (text) =>
      text.startsWith("[") &&
      /"(?:annotations|completions|annotation_id|annotator|brushlabels|polygonlabels)"\s*:/.test(text),
  ],
  [
    { id: "cvat", name: "a CVAT export", many: false },
    (text) => text.startsWith("<") && /<annotations>/.test(text),
  ],
];

/** Bytes of a file that tell its form. */
export const beginningBytes = 65536;

/**
 * The form of a text.
 *
 * @param text Its first {@linkcode beginningBytes}, or all of it.
 */
export function annotationForm(text: string): AnnotationForm | undefined {
  const start = text.replace(/^\uFEFF/, "").trimStart();
  return forms.find(([, fits]) => fits(start))?.[0];
}
