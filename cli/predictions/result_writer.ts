/** Writes what was predicted for images, and a summary of all. @module */
import { dirname, join, relative } from "node:path";
import { backgroundOf, CocoWriter, writeLabelMe } from "../../stages/annotations/write.ts";
import { encodePalettePng, encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { maskPalette } from "../../stages/datasets/classes.ts";
import { cropPixels } from "../../stages/datasets/pixels.ts";
import { legend, montage, type MontageCell } from "../../stages/evaluation/montage.ts";
import { overlay, thumbnail } from "../../stages/evaluation/overlay.ts";
import { CONFLICT_PALETTE, conflictMap } from "../../stages/evaluation/pictures.ts";
import type { PerPrediction } from "../../stages/evaluation/predictions.ts";
import { type Protocol, protocolPlan } from "../../stages/evaluation/protocols.ts";
import type { Pixels } from "../../stages/codecs/picture.ts";
import type { NetworkDescription } from "../../stages/weights/network.ts";
import type { PredictionSource } from "../experiment/prediction_sources.ts";
import type { OutputFolder } from "./output_folder.ts";
import { areasOf, type PredictedImage, summaryTable } from "./summary.ts";

/** What is written besides masks and summary. */
export interface ResultOptions {
  readonly overlay: boolean;
  readonly montage: boolean;
  /** Every prediction, not the headline's alone. */
  readonly all: boolean;
  readonly to: "labelme" | "coco" | undefined;
  /** Of the outlines of `to`, pixels. */
  readonly tolerance: number;
}

/** An image without a result. */
export interface FailedImage {
  readonly image: string;
  readonly reason: string;
}

type Network = Pick<NetworkDescription, "classes" | "predictions" | "headline">;

/** Longest side of a picture in the montage, pixels, and how many images it shows. */
const small = 256, mostCells = 100;

/** The files of one image, by what they are. */
function filesOf({ name }: Pick<PredictionSource, "name">, network: Network, options: ResultOptions) {
  const all = options.all ? Object.keys(network.predictions) : [];
  return {
    mask: `masks/${name}.png`,
    ...(options.overlay && { overlay: `overlays/${name}.png` }),
    ...(options.to === "labelme" && { labelme: `labelme/${name}.json` }),
    predictions: Object.fromEntries(all.map((prediction) => [prediction, `all/${prediction}/${name}.png`])),
    ...(options.all && { conflict: `all/conflict/${name}.png` }),
  };
}

/** All files that will be written, if no image fails. */
export function plannedFiles(
  sources: readonly Pick<PredictionSource, "name">[],
  network: Network,
  options: ResultOptions,
): string[] {
  const ofImages = sources.flatMap((source) => {
    const { predictions, ...files } = filesOf(source, network, options);
    return [...Object.values(files), ...Object.values(predictions)];
  });
  return [...ofImages, ...filesOfAll(options)];
}

function filesOfAll({ overlay, montage, to }: ResultOptions): string[] {
  return [
    "index.json",
    "summary.csv",
    ...(overlay ? ["legend.svg"] : []),
    ...(montage ? ["montage.svg"] : []),
    ...(to === "coco" ? ["coco.json"] : []),
  ];
}

/** Writes results image by image. */
export class ResultWriter {
  readonly #images: PredictedImage[] = [];
  readonly #failed: FailedImage[] = [];
  readonly #cells: MontageCell[] = [];
  readonly #coco: CocoWriter;
  readonly #palette: Uint8Array;
  /** What is neither tinted nor outlined. */
  readonly #background: number | undefined;

  constructor(
    private readonly folder: OutputFolder,
    private readonly network: Network,
    private readonly options: ResultOptions,
  ) {
    const { classes } = network;
    this.#coco = new CocoWriter({ classes, tolerance: options.tolerance });
    this.#palette = maskPalette(classes);
    this.#background = backgroundOf(classes);
  }

  /**
   * Writes what was predicted for an image.
   *
   * @param labels Of the pixels that the protocol scores.
   */
  async add(
    source: PredictionSource,
    image: Pixels,
    labels: PerPrediction<Uint8Array>,
    protocol: Protocol,
  ): Promise<void> {
    const { classes, headline, predictions } = this.network, { folder, options } = this;
    const { scored } = protocolPlan(protocol, image), { width, height } = scored;
    const mask = labels[headline]!, seen = cropPixels(image.data, image, scored, 3);
    const { conflict: conflictFile, ...files } = filesOf(source, this.network, options);
    const png = (indices: Uint8Array, palette = this.#palette) =>
      encodePalettePng(indices, width, height, palette);
    await folder.write(files.mask, png(mask));
    for (const [name, file] of Object.entries(files.predictions)) {
      await folder.write(file, png(labels[name]!));
    }
    const conflict = conflictFile === undefined ? undefined : conflictMap(labels, predictions);
    if (conflict) await folder.write(conflictFile!, png(conflict, CONFLICT_PALETTE));
    const tinted = overlay(seen, mask, scored, classes, this.#background);
    if (files.overlay) await folder.write(files.overlay, encodeRgbPng(tinted, width, height));
    if (options.montage && this.#cells.length < mostCells) {
      const pictures = [seen, tinted].map((picture) => thumbnail(picture, scored, small));
      this.#cells.push({ name: source.path, pictures });
    }
    if (files.labelme) {
      const from = dirname(join(folder.path, files.labelme));
      const picture = relative(from, source.copy ?? source.image).replaceAll("\\", "/");
      const text = writeLabelMe({ picture, width, height, labels: mask }, {
        classes,
        tolerance: options.tolerance,
      });
      await folder.write(files.labelme, text);
    }
    if (options.to === "coco") this.#coco.add({ picture: source.path, width, height, labels: mask });
    this.#images.push({
      image: source.image,
      truth: source.mask,
      width,
      height,
      files: { ...files, ...(conflict && { conflict: conflictFile! }) },
      areas: areasOf(mask, classes),
    });
  }

  /** Notes that an image has no result. */
  fail({ image }: PredictionSource, reason: string): void {
    this.#failed.push({ image, reason });
  }

  /** Writes what is of all images; gives what became of them. */
  async finish(
    facts: { readonly weights: string; readonly protocol: string },
  ): Promise<{ images: readonly PredictedImage[]; failed: readonly FailedImage[] }> {
    const { classes, headline } = this.network;
    const images = this.#images, failed = this.#failed;
    const colors = classes.colors.map((color) => `#${Uint8Array.from(color).toHex()}`);
    const index = { ...facts, headline, classes: classes.names, colors, images, failed };
    const write = (name: string, text: () => string) =>
      filesOfAll(this.options).includes(name) ? this.folder.write(name, text()) : Promise.resolve();
    await write("index.json", () => JSON.stringify(index, null, 1) + "\n");
    await write("summary.csv", () => summaryTable(images, classes));
    await write("legend.svg", () => legend(classes));
    await write("coco.json", () => this.#coco.text());
    if (this.#cells.length > 0) await write("montage.svg", () => montage(this.#cells, classes));
    await this.folder.finish();
    return { images, failed };
  }
}
