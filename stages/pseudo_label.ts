/** The stage `pseudo-label`: labels unlabeled images with trained networks. @module */
import { z } from "zod";
import type { Device } from "../kernels/device.ts";
import { type ArtifactKind, defineStage, joined, schemaOf, type Stage } from "../pipeline/mod.ts";
import { type Checkpoint, checkpointKind } from "./weights/checkpoint.ts";
import { encodePalettePng } from "./codecs/png_encoder.ts";
import { ignoreIndex, maskPalette } from "./datasets/classes.ts";
import { assertAlike, makeDealt } from "./evaluation/dealt.ts";
import { openInference } from "./evaluation/inference.ts";
import { CONFLICT_PALETTE, conflictMap, fileNames } from "./evaluation/pictures.ts";
import {
  INDEX,
  type PseudoLabelEntry,
  type PseudoLabels,
  pseudoLabelsKind,
} from "./datasets/pseudo_labels.ts";
import { type ImageSet, imagesKind } from "./datasets/samples.ts";

/** What {@linkcode pseudoLabel} gets. */
export interface PseudoLabelConfig {
  /** A pixel keeps its label where the largest probability is at least this, and becomes 255 elsewhere. */
  readonly threshold: number;
}

const config = schemaOf<PseudoLabelConfig>()(z.strictObject({
  threshold: z.number().min(0).max(1).default(0.95)
    .describe(
      "A pixel keeps its label where the largest probability is at least this, and becomes 255 elsewhere.",
    )
    .meta({ unit: "probability", source: "Sohn et al., FixMatch, NeurIPS 2020, eq. 4" }),
}));

/** Which weights label which images. */
export type PseudoLabelInputs = {
  readonly nets: { readonly last: ArtifactKind<Checkpoint> };
  readonly images: ArtifactKind<ImageSet>;
};

/** The labels, as files: to look at, and to train on. */
export type PseudoLabelOutputs = { readonly labels: ArtifactKind<PseudoLabels> };

const inputs: PseudoLabelInputs = { nets: { last: checkpointKind }, images: imagesKind };
const outputs: PseudoLabelOutputs = { labels: pseudoLabelsKind };

/** Gray levels 0–255. */
const GRAY_PALETTE = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));

/**
 * For each image `<id>/mask.png` (palette indices; 255 where unsure), `<id>/confidence.png` (probability · 255) and
 * `<id>/conflict.png` (1 where the networks disagree, if several are scored); `index.json` says which folder is whose, what the
 * classes are, and how much was kept. A method that draws `pseudoLabeled` images learns from them: `coTrain({ views, pseudoLabels }, …)`.
 *
 * The labels are those of the headline: with two branches the arg-max of the mean of their logits.
 *
 * @example
 * ```ts
 * import { augment, coTrain, load, pipeline, pseudoLabel, supervised } from "@crossview/crossview";
 *
 * export default pipeline("labels", () => {
 *   const data = load({ dataset: "shapes" });
 *   const nets = coTrain({ views: augment({ data }, { crop: 48 }) }, { method: supervised(), backbone: "resnet14" });
 *   return pseudoLabel({ nets, images: data.unlabeled }, { threshold: 0.9 });
 * });
 * ```
 */
export const pseudoLabel: Stage<
  PseudoLabelInputs,
  PseudoLabelConfig,
  Partial<PseudoLabelConfig>,
  PseudoLabelOutputs
> = defineStage({
  name: "pseudo-label",
  version: 1,
  module: import.meta.url,
  config,
  inputs,
  outputs,
  resources: ["gpu"],
  numerics: "f32",
  teamed: true,
  async run({ inputs: { nets, images }, config, context }) {
    const device = await context.resource<Device>("gpu"), { team } = context;
    if (team) await assertAlike(team, device);
    const { inference, network, free } = await openInference(device, nets.last);
    const palette = maskPalette(network.classes);
    const folders = fileNames(images.ids);
    const files = new Map<string, string>();
    const entries: PseudoLabelEntry[] = [];
    const keep = async (name: string, bytes: Uint8Array) => {
      const path = context.scratch(name.replaceAll("/", "-"));
      await Deno.writeFile(path, bytes);
      files.set(name, path);
    };
    const made = async (i: number): Promise<Uint8Array> => {
      context.signal.throwIfAborted();
      const size = images.size(i), { width, height } = size;
      const { labels, confidence: probabilities } = await inference.predict(images.image(i), size);
      const sure = labels[network.headline]!.map((label, p) =>
        probabilities[p]! >= config.threshold ? label : ignoreIndex
      );
      const conflict = conflictMap(labels, network.predictions);
      const confidence = Uint8Array.from(probabilities, (value) => Math.round(255 * value));
      const share = (count: number) => count / (width * height);
      const entry: PseudoLabelEntry = {
        id: images.ids[i]!,
        folder: folders[i]!,
        kept: share(sure.reduce((sum, label) => sum + (label === ignoreIndex ? 0 : 1), 0)),
        ...(conflict && { conflict: share(conflict.reduce((sum, value) => sum + value, 0)) }),
      };
      return packed(entry, {
        mask: encodePalettePng(sure, width, height, palette),
        confidence: encodePalettePng(confidence, width, height, GRAY_PALETTE),
        ...(conflict && { conflict: encodePalettePng(conflict, width, height, CONFLICT_PALETTE) }),
      });
    };
    try {
      await makeDealt(team, images.length, made, async (i, bytes) => {
        const { entry, files } = unpacked(bytes);
        for (const [name, png] of files) await keep(`${entry.folder}/${name}.png`, png);
        entries.push(entry);
        context.progress({ unit: "images", done: i + 1, total: images.length });
      });
    } finally {
      free();
    }
    if (team && team.rank > 0) return {} as never;
    const index = { threshold: config.threshold, classes: network.classes.names, entries };
    await keep(INDEX, new TextEncoder().encode(JSON.stringify(index, null, 1)));
    return {
      labels: { names: [...files.keys()], read: (name: string) => Deno.readFile(files.get(name)!), index },
    };
  },
});

/** An image's entry and pictures, as one process hands them to another. */
function packed(entry: PseudoLabelEntry, files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const sizes = Object.entries(files).map(([name, { length }]) => [name, length] as const);
  const head = new TextEncoder().encode(`${JSON.stringify({ entry, sizes })}\n`);
  return joined([head, ...Object.values(files)]);
}

function unpacked(bytes: Uint8Array): {
  readonly entry: PseudoLabelEntry;
  readonly files: readonly (readonly [name: string, png: Uint8Array])[];
} {
  let at = bytes.indexOf(0x0a) + 1;
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, at))) as {
    readonly entry: PseudoLabelEntry;
    readonly sizes: readonly (readonly [string, number])[];
  };
  return {
    entry: head.entry,
    files: head.sizes.map(([name, size]) => [name, bytes.subarray(at, at += size)] as const),
  };
}
