/**
 * What a stage that loads data of one's own is written with: `import { samplesKind, … } from "@crossview/crossview/data"`.
 * docs/library.md shows one; re-exports only.
 *
 * @module
 */
export {
  type ImageSet,
  type ImageSize,
  imagesKind,
  type MaskSet,
  masksKind,
  type Part,
  type SampleSet,
  samplesKind,
  SetWriter,
  type SizedSet,
} from "./stages/datasets/samples.ts";
export { type ClassList, distinctColors, ignoreIndex, type Rgb } from "./stages/datasets/classes.ts";
export { DataError } from "./stages/datasets/errors.ts";
export {
  decodePicture,
  decodeStored,
  type Picture,
  type PictureOptions,
  type Pixels,
  type Turning,
} from "./stages/codecs/picture.ts";
export { DecodeError, type Orientation, type Range, type StoredImage } from "./stages/codecs/image.ts";
export type { Annotation, Point, Region, Shape } from "./stages/annotations/annotation.ts";
export { readCoco } from "./stages/annotations/coco.ts";
export { readCvat } from "./stages/annotations/cvat.ts";
export { readLabelMe } from "./stages/annotations/labelme.ts";
export { readLabelStudio } from "./stages/annotations/label_studio.ts";
export { rasterize } from "./stages/annotations/rasterize.ts";
export type { ArtifactKind, ArtifactReader, ArtifactWriter } from "./pipeline/mod.ts";
