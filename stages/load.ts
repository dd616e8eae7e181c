/** The stage `load`: decodes a data set once, into packed 8-bit images and masks. */
import { z } from "zod";
import type { ArtifactKind } from "../pipeline/language/artifact.ts";
import { type DeepPartial, schemaOf } from "../pipeline/language/schema_of.ts";
import { defineStage, type Stage } from "../pipeline/language/stage.ts";
import type { SourceFile, StageContext } from "../pipeline/language/definition.ts";
import { mapOrdered } from "../pipeline/run/lanes.ts";
import type { Range } from "./codecs/image.ts";
import { shapesClasses } from "./datasets/classes.ts";
import { classesOf, type FilesConfig, openDataset } from "./datasets/dataset.ts";
import { assertReadable, type LocatedSample, readImage, readMask } from "./datasets/decode_sample.ts";
import { DeepRange, rangeNote } from "./datasets/deep_range.ts";
import {
  type FolderConfig,
  type FolderInput,
  folderLeaves,
  folderProblem,
} from "./datasets/folder/config.ts";
import type { IdList } from "./datasets/id_list.ts";
import { LabelCounts } from "./datasets/label_counts.ts";
import type { ListConfig, PublishedDataset } from "./datasets/layouts.ts";
import { drawShapesScene } from "./datasets/shapes.ts";
import {
  type ImageSet,
  imagesKind,
  type MaskSet,
  masksKind,
  type SampleSet,
  samplesKind,
  SetWriter,
} from "./datasets/samples.ts";
import { tell } from "./training/progress.ts";

/** Settings of the generated data set `shapes`. */
export interface ShapesConfig {
  /** Side of a scene, pixels. */
  readonly size: number;
  /** How many labeled scenes are drawn. */
  readonly labeled: number;
  /** How many unlabeled scenes are drawn. */
  readonly unlabeled: number;
  /** How many validation scenes are drawn. */
  readonly validation: number;
  /** Names the drawn data set; apart from the run's seed, so that all seeds of a comparison see one data set. */
  readonly sceneSeed: number;
  /** How strongly textures, clutter, light and camera vary. */
  readonly variety: number;
  /** How often an object has a color that its class prefers; 0: the outline alone tells. */
  readonly hint: number;
}

/** What {@linkcode load} gets; every leaf is described in its schema. */
export interface LoadConfig extends ListConfig, FolderConfig {
  /** Which data set, and so which layout and classes; `folder` is one of your own. */
  readonly dataset: "shapes" | "folder" | PublishedDataset;
  /** Whether the masks of the unlabeled images are read too, for diagnostics alone. */
  readonly unlabeledTruth: boolean;
  /** Whether images and masks are turned as EXIF says; left out: upright for `folder`, else stored. */
  readonly orientation?: "stored" | "upright" | undefined;
  /** Which values become black and white, of images of more than 8 bits. */
  readonly range: "data" | "full" | readonly [low: number, high: number];
  /** Settings of the generated data set. */
  readonly shapes: ShapesConfig;
}

/** What an experiment writes for {@linkcode load}; what is left out has a default. */
export type LoadInput = DeepPartial<Omit<LoadConfig, keyof FolderConfig>> & FolderInput;

const own = "Crossview";
const count = (fallback: number, what: string) =>
  z.int().min(1).default(fallback).describe(`How many ${what} scenes are drawn.`).meta({
    unit: "images",
    source: own,
  });
const location = (what: string) =>
  z.string().describe(what).meta({ unit: "path", source: own, location: true });

const config = schemaOf<LoadConfig, LoadInput>()(
  z.strictObject({
    dataset: z.enum(["shapes", "folder", "pascal", "cityscapes", "camvid"]).default("shapes")
      .describe("Which data set, and so which layout and classes; folder is one of your own.")
      .meta({ unit: "name", source: own }),
    root: location("Folder of the data set; unused for shapes.").default(""),
    partition: z.string().optional()
      .describe("Published partition, e.g. pascal/366; without it the lists of the folder are used.")
      .meta({ unit: "name", source: "partitions/manifest.ts" }),
    partitions: location("Folder of the published lists.").default("partitions/lists"),
    lists: z.strictObject({
      labeled: location('Id list of the labeled images, "image mask" a line.').optional(),
      unlabeled: location("Id list of the unlabeled images; masks may be left out.").optional(),
      validation: location('Id list of the validation images, "image mask" a line.').optional(),
    }).optional().describe(
      "Id lists of one's own instead of a partition, paths inside them relative to root; a list that is left out is the " +
        "folder's.",
    ).meta({ unit: "none", source: own }),
    ...folderLeaves,
    allLabeled: z.boolean().default(false).describe(
      "Whether the images of the unlabeled list are labeled, too, by the masks that it names: what methods are held against " +
        "at the other end.",
    ).meta({
      unit: "yes or no",
      source: own,
      unread: (config: unknown) => {
        const { dataset } = config as LoadConfig;
        return dataset === "shapes" || dataset === "folder" ? `dataset ${dataset} has no lists` : undefined;
      },
    }),
    labeledEvery: z.int().min(1).default(8)
      .describe("CamVid only: every n-th training frame is labeled, the first included; 8 labels 46 of 367.")
      .meta({ unit: "frames", source: own }),
    evaluateOn: z.enum(["validation", "test"]).default("validation")
      .describe("CamVid only: which of its lists the output validation is read from.")
      .meta({ unit: "name", source: own }),
    unlabeledTruth: z.boolean().default(false)
      .describe("Whether the masks of the unlabeled images are read too, for diagnostics alone.")
      .meta({ unit: "yes or no", source: own }),
    orientation: z.enum(["stored", "upright"]).optional().describe(
      "Whether images and masks are turned as EXIF says; left out: upright for folder, else stored, as the published methods " +
        "read them.",
    ).meta({ unit: "name", source: own }),
    range: z.union([
      z.enum(["data", "full"]),
      z.tuple([z.int().min(0).max(65535), z.int().min(0).max(65535)])
        .refine(([low, high]) => low < high, { message: "the first value must be below the second" }),
    ]).default("data").describe(
      "Which values become black and white, of images of more than 8 bits: of data, all but a thousandth of the values at either " +
        "end, over the labeled and unlabeled images; of full, 0 and 65535; or two values.",
    ).meta({ unit: "values of a sample", source: own }),
    shapes: z.strictObject({
      size: z.int().min(16).max(1024).default(64).describe("Side of a scene.").meta({
        unit: "pixels",
        source: own,
      }),
      labeled: count(12, "labeled"),
      unlabeled: count(240, "unlabeled"),
      validation: count(100, "validation"),
      sceneSeed: z.int().min(0).max(0xffffffff).default(1)
        .describe(
          "Names the drawn data set; apart from the run's seed, so that all seeds of a comparison see one data set.",
        )
        .meta({ unit: "integer", source: own }),
      variety: z.number().min(0).max(1).default(1)
        .describe("How strongly textures, clutter, light and camera vary.").meta({
          unit: "0 to 1",
          source: own,
        }),
      hint: z.number().min(0).max(1).default(0.95)
        .describe("How often an object has a color that its class prefers; 0: the outline alone tells.")
        .meta({ unit: "share", source: own }),
    }).prefault({}).describe("Settings of the generated data set."),
  }).superRefine((config, issues) => {
    const found = folderProblem(config);
    if (found !== undefined) issues.addIssue({ code: "custom", path: [found.leaf], message: found.message });
  }),
);

/** A loaded data set. */
export type LoadOutputs = {
  readonly labeled: ArtifactKind<SampleSet>;
  readonly unlabeled: ArtifactKind<ImageSet>;
  readonly validation: ArtifactKind<SampleSet>;
  /** Masks of the unlabeled images, for diagnostics alone; empty unless the config asks for them. */
  readonly unlabeledTruth: ArtifactKind<MaskSet>;
};

const outputs: LoadOutputs = {
  labeled: samplesKind,
  unlabeled: imagesKind,
  validation: samplesKind,
  unlabeledTruth: masksKind,
};

const roles = ["labeled", "unlabeled", "validation"] as const;
/** Most images that are decoded ahead of the one that is written. */
const readAhead = { width: 4, ahead: 4 };

/**
 * Loads a data set: `labeled` and `validation` with masks, `unlabeled` without. `unlabeledTruth` is empty unless the
 * config asks for it. Masks of unlabeled images need not exist otherwise.
 *
 * @example
 * ```ts
 * import { load, pipeline } from "@crossview/crossview";
 *
 * export default pipeline("photographs", () => {
 *   return load({ dataset: "pascal", root: "data/pascal", partition: "pascal/366" });
 * });
 * ```
 */
export const load: Stage<Record<never, never>, LoadConfig, LoadInput, LoadOutputs> = defineStage({
  name: "load",
  version: 1,
  module: import.meta.url,
  config,
  inputs: {},
  outputs,
  sources: (config) => isOfFiles(config) ? fileSources(config) : [],
  async run({ config, context }) {
    const writers = {
      labeled: new SetWriter(["images", "masks"], (part) => context.scratch(`labeled-${part}`)),
      unlabeled: new SetWriter(["images"], (part) => context.scratch(`unlabeled-${part}`)),
      validation: new SetWriter(["images", "masks"], (part) => context.scratch(`validation-${part}`)),
      unlabeledTruth: new SetWriter(["masks"], (part) => context.scratch(`unlabeled-truth-${part}`)),
    };
    try {
      const classes = isOfFiles(config) ? classesOf(config) : shapesClasses;
      const range = isOfFiles(config) ? await readAll(config) : await drawAll();
      return {
        labeled: writers.labeled.samples(classes, range),
        unlabeled: writers.unlabeled.images(range),
        validation: writers.validation.samples(classes, range),
        unlabeledTruth: writers.unlabeledTruth.masks(classes),
      };
    } finally {
      for (const writer of Object.values(writers)) writer.close();
    }

    async function drawAll(): Promise<undefined> {
      const { size, labeled, unlabeled, validation, sceneSeed, variety, hint } = config.shapes;
      const total = labeled + unlabeled + validation;
      for (let index = 0; index < total; index++) {
        context.signal.throwIfAborted();
        const { image, mask } = drawShapesScene(sceneSeed, index, size, variety, hint);
        const id = `scene-${String(index).padStart(5, "0")}`, box = { width: size, height: size };
        if (index < labeled) await writers.labeled.add(id, box, { images: image, masks: mask });
        else if (index >= labeled + unlabeled) {
          await writers.validation.add(id, box, { images: image, masks: mask });
        } else {
          await writers.unlabeled.add(id, box, { images: image });
          if (config.unlabeledTruth) await writers.unlabeledTruth.add(id, box, { masks: mask });
        }
        report(index + 1, total);
      }
    }

    async function readAll(config: LoadConfig & FilesConfig): Promise<Range | undefined> {
      const { read } = context;
      const { classes, lists, labeling, orientation, notes } = await openDataset(config, read);
      for (const message of notes) tell(context, { kind: "note", message });
      const total = roles.reduce((sum, role) => sum + lists[role].samples.length, 0);
      const { unlabeledTruth } = config;
      const counts = new LabelCounts(classes);
      const trained = () =>
        [lists.labeled, lists.unlabeled].flatMap((list) => located(list, config.root, read));
      const range = new DeepRange(config.range, trained, context.signal);
      let done = 0;
      for (const role of roles) {
        const decoded = mapOrdered(readAhead, located(lists[role], config.root, read), async (at) => {
          context.signal.throwIfAborted();
          const image = await readImage(at, { orientation, range: range.find });
          const masked = role !== "unlabeled" || (unlabeledTruth && at.sample.mask !== undefined);
          return { at, image, mask: masked ? await readMask(at, image, labeling, orientation) : undefined };
        });
        for await (const { at: { sample: { id } }, image, mask } of decoded) {
          if (role === "labeled") counts.add(id, mask!.data);
          if (role !== "unlabeled") {
            await writers[role].add(id, image, { images: image.data, masks: mask!.data });
          } else {
            await writers.unlabeled.add(id, image, { images: image.data });
            if (mask !== undefined) await writers.unlabeledTruth.add(id, mask, { masks: mask.data });
          }
          report(++done, total);
        }
      }
      for (const message of counts.warnings()) tell(context, { kind: "warning", message });
      if (range.found !== undefined) {
        tell(context, { kind: "note", message: rangeNote(range.found, config.range) });
      }
      return range.found;
    }

    function report(done: number, total: number): void {
      if (done % 16 === 0 || done === total) context.progress({ unit: "images", done, total });
    }
  },
});

function located(list: IdList, root: string, read?: StageContext["read"]): LocatedSample[] {
  return list.samples.map((sample) => ({ sample, list: list.path, root, read }));
}

/** Whether a data set is read from files. */
function isOfFiles(config: LoadConfig): config is LoadConfig & FilesConfig {
  return config.dataset !== "shapes";
}

/** Every file that the run will read, each seen to be there and readable; the lists first. */
async function fileSources(config: LoadConfig & FilesConfig): Promise<SourceFile[]> {
  const { lists } = await openDataset(config);
  const seen = new Set<string>(); // Two samples may share a mask file.
  const sources: SourceFile[] = lists.files.map((path, index) => ({ name: `list ${index}`, path }));
  for (const role of roles) {
    // Who is labeled is written in no file of a folder, so that the names must say it: the key is made of them.
    const prefix = config.dataset === "folder" ? `${role} ` : "";
    for (const at of located(lists[role], config.root)) {
      add(prefix, at.sample.image, "image", at);
      const masked = role !== "unlabeled" || config.unlabeledTruth;
      if (masked && at.sample.mask !== undefined) add(prefix, at.sample.mask, "mask", at);
    }
  }
  return sources;

  function add(prefix: string, file: string, what: "image" | "mask", at: LocatedSample): void {
    const path = assertReadable(what, at), name = `${prefix}${file}`;
    if (!seen.has(name)) sources.push({ name, path });
    seen.add(name);
  }
}
