/** The images of a run that are to be labeled next. @module */
import { resolve } from "node:path";
import type { Override } from "../../pipeline/mod.ts";
import { readFileWhole } from "../../pipeline/files/read_file.ts";
import type { LabeledImages, StoredRanking } from "../../runtime/runs/ranking.ts";
import { decodingBudget } from "../../stages/codecs/image.ts";
import { encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { joinPath } from "../../stages/datasets/errors.ts";
import { fileNames } from "../../stages/evaluation/pictures.ts";
import type { RankedImage } from "../../stages/evaluation/ranking.ts";
import type { PredictionSource } from "../experiment/prediction_sources.ts";
import { assertUnchanged, openRunFiles, resultNameOf, type RunFiles } from "../experiment/run_files.ts";
import { UsageError } from "../terminal/errors.ts";

/** An image that is to be labeled; it is read as the run has seen it. */
export interface NextImage extends PredictionSource, RankedImage {
  /** The picture's file: that of the data set, or {@linkcode NextImage.png} of an image that is in none. */
  readonly bytes: () => Promise<Uint8Array>;
  /** The image as the run has seen it. */
  readonly png: () => Promise<Uint8Array>;
  /** Whether the file has more than 8 bits a sample, which many tools show black. */
  readonly isDeep: boolean;
}

/** Images that are to be labeled, first those that come first. */
export interface NextImages {
  readonly images: readonly NextImage[];
  /** How many of the run's unlabeled images are unlabeled still. */
  readonly left: number;
  /** The data set, if it is one of files. */
  readonly files: RunFiles | undefined;
  /** What a user should know. */
  readonly notes: readonly string[];
}

/** What the choice depends on. */
export interface NextRequest extends Pick<LabeledImages, "images" | "loader"> {
  /** Id of the run. */
  readonly run: string;
  readonly ranking: StoredRanking;
  /** How many; without it ten, or as many as there are. */
  readonly count: number | undefined;
  /** Of the stage that has loaded the data, as where that has moved. */
  readonly overrides: readonly Override[];
}

/** How many without a word. */
const usual = 10;

/**
 * Takes the first images of a ranking that are there and unlabeled still.
 *
 * @throws {UsageError} If there are fewer than wanted. @throws {UserError} If the data set is not where it was, or an image is
 *   another than the run has seen.
 */
export async function nextImages(request: NextRequest): Promise<NextImages> {
  const { run, ranking, images: set, loader, count, overrides } = request;
  const files = await openRunFiles(loader, overrides);
  const places = new Map(set.ids.map((id, place) => [id, place]));
  const ranked = ranking.images.filter(({ id }) => places.has(id));
  const { unlabeled, labeled } = rolesOf(files);
  const left = files === undefined ? ranked : ranked.filter(({ id }) => unlabeled.has(id));
  const done = ranked.filter(({ id }) => labeled.has(id)).length, gone = ranked.length - left.length - done;
  const notes = [
    ...(done > 0 ? [`${done} of the run's unlabeled images ${done > 1 ? "are" : "is"} labeled by now`] : []),
    ...(gone > 0 ? [`${gone} of the run's unlabeled images ${gone > 1 ? "are" : "is"} no longer there`] : []),
  ];
  const wanted = count ?? Math.min(usual, left.length);
  if (left.length === 0 || left.length < wanted) {
    const what = count === undefined ? "the images" : `${count} ${count === 1 ? "image" : "images"}`;
    const way = left.length === 0 ? "Train again with what is there now" : `Give -n ${left.length} or less`;
    throw new UsageError(
      `Cannot name ${what} to label next of run "${run}": of its ${ranked.length} unlabeled ones ${left.length} ` +
        `${left.length === 1 ? "is" : "are"} left${notes.map((note) => `; ${note}`).join("")}. ${way}.`,
    );
  }
  const chosen = left.slice(0, wanted), names = fileNames(chosen.map(({ id }) => id));
  const images: NextImage[] = [], turned: string[] = [];
  for (const [at, { id, score, share }] of chosen.entries()) {
    const place = places.get(id)!, sample = unlabeled.get(id), size = set.size(place);
    const common = {
      id,
      score,
      share,
      read: () => Promise.resolve({ ...size, data: set.image(place), orientation: 1 as const, bits: 8 }),
      png: () => Promise.resolve(encodeRgbPng(set.image(place), size.width, size.height)),
    };
    if (files === undefined || sample === undefined) {
      const name = names[at]!;
      images.push({ ...common, path: `${name}.png`, name, image: id, bytes: common.png, isDeep: false });
      continue;
    }
    const { isTurned, isDeep } = await assertUnchanged(sample, files, set, place);
    if (isTurned) turned.push(sample.image);
    const image = resolve(joinPath(files.config.root, sample.image));
    const bytes = () => readFileWhole(image, decodingBudget);
    const name = resultNameOf(sample, files.config);
    images.push({ ...common, path: sample.image, name, image, bytes, isDeep });
  }
  if (chosen[0]!.score === 0) {
    notes.push(
      "there is no doubt in any of them, as where one class alone is labeled: the order is that of names",
    );
  }
  if (turned.length > 0) {
    notes.push(
      `"${turned[0]}"${
        turned.length > 1 ? ` and ${turned.length - 1} more` : ""
      } says by EXIF that it is turned, which the ` +
        `data set leaves as it is stored: have the annotation tool do so, too`,
    );
  }
  return { images, left: left.length, files, notes };
}

function rolesOf(files: RunFiles | undefined) {
  const { unlabeled, labeled, validation } = files?.lists ?? {};
  return {
    unlabeled: new Map(unlabeled?.samples.map((sample) => [sample.id, sample])),
    labeled: new Set([...labeled?.samples ?? [], ...validation?.samples ?? []].map(({ id }) => id)),
  };
}
