/** What the files made of images are called. @module */
import { relative, sep } from "node:path";

/** The lowest folder that all lie in. */
function commonFolder(folders: readonly string[]): string {
  const [first, ...others] = folders.map((folder) => folder.split(sep));
  const differs = first!.findIndex((part, at) => others.some((other) => other[at] !== part));
  return first!.slice(0, differs < 0 ? first!.length : differs).join(sep) || sep;
}

/** Where the results of an image lie. */
export interface ResultName {
  /** The image's path below the folder that all that was named has in common, with `/`. */
  readonly path: string;
  /** The same without extension, where that tells it apart from all others. */
  readonly name: string;
}

/**
 * Names for the results of images: so that they lie as the images do. Where two differ in their extensions alone, also to a file
 * system that ignores case, these stay; where that is not enough, the later gets a number.
 *
 * @param images Absolute paths, each once.
 * @param folders The folders that were named, and those of the files that were; absolute.
 */
export function resultNames(images: readonly string[], folders: readonly string[]): ResultName[] {
  if (images.length === 0) return [];
  const common = commonFolder(folders);
  const paths = images.map((image) => relative(common, image).replaceAll("\\", "/"));
  const stems = paths.map((path) => path.replace(/\.[^./]+$/, ""));
  const uses = Map.groupBy(stems, (stem) => stem.toLowerCase());
  const taken = new Set<string>();
  return paths.map((path, index) => {
    const stem = stems[index]!, wanted = uses.get(stem.toLowerCase())!.length > 1 ? path : stem;
    let name = wanted;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${wanted}_${n}`;
    taken.add(name.toLowerCase());
    return { path, name };
  });
}
