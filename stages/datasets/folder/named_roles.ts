/** The roles that lists give to images of a folder. @module */
import type { readFileWhole } from "../../../pipeline/files/read_file.ts";
import { DataError } from "../errors.ts";
import { type IdList, type ListedSample, placeOf } from "../id_list.ts";
import { type ListConfig, readListFile } from "../layouts.ts";
import type { ImageFinder } from "./finder.ts";

/** The lists of a folder; a role that has none goes without. */
export interface NamedRoles {
  readonly labeled: IdList | undefined;
  readonly unlabeled: IdList | undefined;
  readonly validation: IdList | undefined;
  /** The images in them. */
  readonly images: ReadonlySet<string>;
  /** The files that were read. */
  readonly files: readonly string[];
}

/**
 * Reads the lists that there are: a path `image`, `image mask`, or an id a line.
 *
 * @param finder Knows the image of an id, and the mask of an image whose line names none.
 * @param read Gives the bytes of a list: in a stage `context.read`.
 * @throws {DataError} If a list cannot be read, or an image that needs a mask has none.
 */
export async function readNamedRoles(
  lists: ListConfig["lists"] = {},
  finder: ImageFinder,
  read?: typeof readFileWhole,
): Promise<NamedRoles> {
  const [labeled, unlabeled, validation] = [
    await readOne(lists.labeled, true),
    await readOne(lists.unlabeled, false),
    await readOne(lists.validation, true),
  ];
  const all = [labeled, unlabeled, validation].filter((list) => list !== undefined);
  return {
    labeled,
    unlabeled,
    validation,
    images: new Set(all.flatMap(({ samples }) => samples.map(({ image }) => image))),
    files: all.map(({ path }) => path),
  };

  async function readOne(path: string | undefined, needsMasks: boolean): Promise<IdList | undefined> {
    if (path === undefined) return undefined;
    const bare = (id: string) => finder.byKey(id) ?? { image: id };
    const list = await readListFile(path, "optional", { read, bare });
    return {
      path,
      samples: needsMasks ? list.samples.map((sample) => withMask(sample, list)) : list.samples,
    };
  }

  function withMask(sample: ListedSample, list: IdList): ListedSample {
    if (sample.mask !== undefined) return sample;
    const { mask, labels } = finder.byImage(sample.image) ?? {};
    if (mask !== undefined) return { ...sample, mask, ...(labels && { labels }) };
    throw new DataError(
      `Cannot load "${sample.image}" (${
        placeOf(list, sample)
      }): the line names no mask, and none fits load.masks, ` +
        `"${finder.patterns.masks}". Write "image mask" on the line, or remove it.`,
    );
  }
}
