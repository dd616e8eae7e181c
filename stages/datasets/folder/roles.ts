/** Who of a folder is labeled, who is not, and who is scored. @module */
import type { readFileWhole } from "../../../pipeline/files/read_file.ts";
import { DataError, joinPath } from "../errors.ts";
import { assertDisjoint, type IdList } from "../id_list.ts";
import { assertFolder, type ListConfig, type ResolvedLists } from "../layouts.ts";
import { counted, someOf } from "../words.ts";
import { openAnnotations } from "./annotated.ts";
import type { FolderConfig } from "./config.ts";
import { drawSamples } from "./draws.ts";
import { ImageFinder } from "./finder.ts";
import { readNamedRoles } from "./named_roles.ts";
import { nothingAnnotated, nothingMasked } from "./nothing_labeled.ts";
import type { ImagePatterns } from "./pairs.ts";

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

/**
 * Finds the images of a folder and gives each a role: what a list names has that list's; of the others with a mask as many as
 * `validation` says are drawn to be scored, then as many as `labeled` says to be labeled; the rest is unlabeled.
 *
 * @throws {DataError} If folder or list is missing, no image is labeled, fewer have a mask than are to be drawn, or two roles
 *   share an image.
 */
export async function resolveRoles(config: RolesConfig): Promise<FolderRoles> {
  const { root, annotations, validation: wanted, splitSeed: seed } = config;
  await assertFolder(root, "a folder");
  const apart = typeof wanted === "object" && wanted !== null ? wanted : undefined;
  const annotated = annotations && await openAnnotations({ ...config, annotations });
  const finder = new ImageFinder(root, config, apart, annotated);
  const named = await readNamedRoles(config.lists, finder, config.read);
  const notes: string[] = [...annotated?.notes ?? []];
  const folder = joinPath(root, config.images);

  const validation = named.validation ?? (apart ? scoredApart(apart) : drawValidation());
  const scored = imagesOf(validation);
  const labeled = limited(
    named.labeled ?? { path: folder, samples: masked().filter(({ image }) => !scored.has(image)) },
  );
  const learned = imagesOf(labeled);
  const unlabeled = named.unlabeled ?? {
    path: folder,
    samples: finder.pairs.samples.filter(({ image }) => !scored.has(image) && !learned.has(image)),
  };
  if (labeled.samples.length === 0) {
    throw annotations ? nothingAnnotated(finder, annotations) : nothingMasked(finder);
  }
  assertDisjoint(labeled, "labeled", unlabeled, "unlabeled");
  assertDisjoint(labeled, "labeled", validation, "in validation");
  assertDisjoint(unlabeled, "unlabeled", validation, "in validation");
  const files = [...named.files, ...annotated?.files.map((file) => joinPath(root, file)) ?? []];
  return { labeled, unlabeled, validation, files, notes: [...notes, ...finder.notes()] };

  /** Images with a mask that no list names. */
  function masked() {
    return finder.pairs.samples.filter(({ image, mask }) => mask !== undefined && !named.images.has(image));
  }

  function scoredApart(patterns: ImagePatterns): IdList {
    const { samples } = finder.find(patterns);
    const path = joinPath(root, patterns.images);
    const bare = samples.filter(({ mask }) => mask === undefined).map(({ image }) => image);
    if (bare.length === samples.length) {
      throw new DataError(
        `Cannot score on "${path}": none of its ${samples.length} images has a mask that fits load.validation.masks, ` +
          `"${patterns.masks}". Name the folder of their masks.`,
      );
    }
    if (bare.length > 0) {
      notes.push(`validation: ${counted(bare.length, "image")} without a mask not scored: ${someOf(bare)}`);
    }
    return { path, samples: samples.filter(({ mask }) => mask !== undefined) };
  }

  function drawValidation(): IdList {
    const none = (why: string) => {
      notes.push(`validation: none, so nothing is scored${why}`);
      return { path: folder, samples: [] };
    };
    if (wanted === null) return none(". load.validation=0.2 holds back a fifth of the images with a mask");
    const candidates = masked(), most = Math.max(0, candidates.length - (named.labeled ? 0 : 1));
    const amount = wanted as number | undefined ?? scoredShare;
    if (most === 0 && amount < 1) {
      const why = named.labeled ? "is left by the lists" : "must be labeled";
      return none(`: ${counted(candidates.length, "image")} with a mask ${why}`);
    }
    const { samples, note } = drawSamples(candidates, { leaf: "validation", amount, most, seed });
    notes.push(note);
    return { path: folder, samples };
  }

  /** As many as are to be labeled. */
  function limited({ path, samples: all }: IdList): IdList {
    const { labeled: amount } = config;
    if (amount === undefined || all.length === 0) return { path, samples: all };
    const { samples, note } = drawSamples(all, { leaf: "labeled", amount, most: all.length, seed });
    notes.push(note);
    return { path, samples };
  }
}

function imagesOf({ samples }: IdList): ReadonlySet<string> {
  return new Set(samples.map(({ image }) => image));
}
