/** The stage `load`: decodes a data set once, into packed 8-bit images and masks. */
import { z } from "zod";
import type { ArtifactKind } from "../pipeline/language/artifact.ts";
import { type DeepPartial, schemaOf } from "../pipeline/language/schema_of.ts";
import { defineStage, type Stage } from "../pipeline/language/stage.ts";
import type { SourceFile, StageContext } from "../pipeline/language/definition.ts";
import { shapesClasses } from "./datasets/classes.ts";
import { assertReadable, type LocatedSample, readImage, readMask } from "./datasets/decode_sample.ts";
import type { IdList } from "./datasets/id_list.ts";
import {
  type FolderDataset,
  labelTable,
  layouts,
  type ListConfig,
  resolveLists,
} from "./datasets/layouts.ts";
import { drawShapesScene } from "./datasets/shapes.ts";
import { mapOrdered } from "../pipeline/run/lanes.ts";
import {
  type ImageSet,
  imagesKind,
  type MaskSet,
  masksKind,
  type SampleSet,
  samplesKind,
  SetWriter,
} from "./datasets/samples.ts";

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
export interface LoadConfig extends ListConfig {
  /** Which data set, and so which layout and classes. */
  readonly dataset: "shapes" | FolderDataset;
  /** Whether the masks of the unlabeled images are read too, for diagnostics alone. */
  readonly unlabeledTruth: boolean;
  /** Whether images and masks are turned as EXIF says, or left as they are stored. */
  readonly orientation: "stored" | "upright";
  /** Settings of the generated data set. */
  readonly shapes: ShapesConfig;
}

/** What an experiment writes for {@linkcode load}; what is left out has a default. */
export type LoadInput = DeepPartial<LoadConfig>;

const own = "Crossview";
const count = (fallback: number, what: string) =>
  z.int().min(1).default(fallback).describe(`How many ${what} scenes are drawn.`).meta({
    unit: "images",
    source: own,
  });
const location = (what: string) =>
  z.string().describe(what).meta({ unit: "path", source: own, location: true });

const config = schemaOf<LoadConfig>()(z.strictObject({
  dataset: z.enum(["shapes", "pascal", "cityscapes", "camvid"]).default("shapes")
    .describe("Which data set, and so which layout and classes.").meta({ unit: "name", source: own }),
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
  labeledEvery: z.int().min(1).default(8)
    .describe("CamVid only: every n-th training frame is labeled, the first included; 8 labels 46 of 367.")
    .meta({ unit: "frames", source: own }),
  evaluateOn: z.enum(["validation", "test"]).default("validation")
    .describe("CamVid only: which of its lists the output validation is read from.")
    .meta({ unit: "name", source: own }),
  unlabeledTruth: z.boolean().default(false)
    .describe("Whether the masks of the unlabeled images are read too, for diagnostics alone.")
    .meta({ unit: "yes or no", source: own }),
  orientation: z.enum(["stored", "upright"]).default("stored").describe(
    "Whether images and masks are turned as EXIF says, or left as they are stored, as the published methods read them.",
  ).meta({ unit: "name", source: own }),
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
}));

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
  sources: (config) => config.dataset === "shapes" ? [] : folderSources(config, config.dataset),
  async run({ config, context }) {
    const writers = {
      labeled: new SetWriter(["images", "masks"], (part) => context.scratch(`labeled-${part}`)),
      unlabeled: new SetWriter(["images"], (part) => context.scratch(`unlabeled-${part}`)),
      validation: new SetWriter(["images", "masks"], (part) => context.scratch(`validation-${part}`)),
      unlabeledTruth: new SetWriter(["masks"], (part) => context.scratch(`unlabeled-truth-${part}`)),
    };
    try {
      const { dataset } = config;
      const classes = dataset === "shapes" ? shapesClasses : layouts[dataset].classes;
      if (dataset === "shapes") await drawAll();
      else await readAll(dataset);
      return {
        labeled: writers.labeled.samples(classes),
        unlabeled: writers.unlabeled.images(),
        validation: writers.validation.samples(classes),
        unlabeledTruth: writers.unlabeledTruth.masks(classes),
      };
    } finally {
      for (const writer of Object.values(writers)) writer.close();
    }

    async function drawAll(): Promise<void> {
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

    async function readAll(dataset: FolderDataset): Promise<void> {
      const { classes, ignoredValues } = layouts[dataset];
      const table = labelTable(classes, ignoredValues);
      const { read } = context, { orientation } = config;
      const lists = await resolveLists({ ...config, dataset, read });
      const roles = ["labeled", "unlabeled", "validation"] as const;
      const total = roles.reduce((sum, role) => sum + lists[role].samples.length, 0);
      let done = 0;
      for (const role of roles) {
        const decoded = mapOrdered(readAhead, located(lists[role], config.root, read), async (at) => {
          context.signal.throwIfAborted();
          const image = await readImage(at, { orientation });
          const masked = role !== "unlabeled" || (config.unlabeledTruth && at.sample.mask !== undefined);
          return {
            at,
            image,
            mask: masked ? await readMask(at, image, table, classes, orientation) : undefined,
          };
        });
        for await (const { at: { sample: { id } }, image, mask } of decoded) {
          if (role !== "unlabeled") {
            await writers[role].add(id, image, { images: image.data, masks: mask!.data });
          } else {
            await writers.unlabeled.add(id, image, { images: image.data });
            if (mask !== undefined) await writers.unlabeledTruth.add(id, mask, { masks: mask.data });
          }
          report(++done, total);
        }
      }
    }

    function report(done: number, total: number): void {
      if (done % 16 === 0 || done === total) context.progress({ unit: "images", done, total });
    }
  },
});

function located(list: IdList, root: string, read?: StageContext["read"]): LocatedSample[] {
  return list.samples.map((sample) => ({ sample, list: list.path, root, read }));
}

/** Every file that the run will read, each seen to be there and readable; the lists first. */
async function folderSources(config: LoadConfig, dataset: FolderDataset): Promise<SourceFile[]> {
  const lists = await resolveLists({ ...config, dataset });
  const seen = new Set<string>(); // Two samples may share a mask file.
  const sources: SourceFile[] = lists.files.map((path, index) => ({ name: `list ${index}`, path }));
  for (const role of ["labeled", "unlabeled", "validation"] as const) {
    for (const at of located(lists[role], config.root)) {
      add(at.sample.image, "image", at);
      const masked = role !== "unlabeled" || config.unlabeledTruth;
      if (masked && at.sample.mask !== undefined) add(at.sample.mask, "mask", at);
    }
  }
  return sources;

  function add(name: string, what: "image" | "mask", at: LocatedSample): void {
    const path = assertReadable(what, at);
    if (!seen.has(name)) sources.push({ name, path });
    seen.add(name);
  }
}
