/**
 * What the ranking is worth: `shapes-12`, then 12 labels more for the images that its networks disagree on most, or for others,
 * and the same training again, from the start, on all 24.
 *
 *     deno task train ./tests/bench/next/next_12.ts --sweep annotate.by=disagreement,random --seeds 0..2
 */
import { z } from "zod";
import { trained } from "../../../configs/shapes_12.ts";
import { RandomStream } from "../../../kernels/random.ts";
import { defineStage, evaluate, load, pipeline, pseudoLabel } from "../../../mod.ts";
import { pseudoLabelsKind } from "../../../stages/datasets/pseudo_labels.ts";
import { imagesKind, masksKind, samplesKind } from "../../../stages/datasets/samples.ts";
import { rankImages } from "../../../stages/evaluation/ranking.ts";

const sets = { labeled: samplesKind, unlabeled: imagesKind };

/** A person who labels some images, and makes no mistake. */
export const annotate = defineStage({
  name: "annotate",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({
    by: z.enum(["disagreement", "confidence", "random"]).default("disagreement"),
    count: z.int().min(1).default(12),
  }),
  inputs: { data: { ...sets, unlabeledTruth: masksKind }, labels: pseudoLabelsKind },
  outputs: sets,
  seeded: true,
  async run({ inputs: { data: { labeled, unlabeled, unlabeledTruth }, labels }, config, context }) {
    const { by, count } = config, { ids } = unlabeled;
    const order = by === "random"
      ? Array.from(new RandomStream({ seed: context.seed, stream: "annotate" }).shuffle(ids.length))
      : (await rankImages(labels, by)).images.map(({ id }) => ids.indexOf(id));
    const chosen = order.slice(0, count), kept = [...ids.keys()].filter((place) => !chosen.includes(place));
    const place = (at: number) => chosen[at - labeled.length]!;
    const isOld = (at: number) => at < labeled.length;
    return {
      labeled: {
        length: labeled.length + chosen.length,
        ids: [...labeled.ids, ...chosen.map((at) => ids[at]!)],
        classes: labeled.classes,
        size: (at: number) => isOld(at) ? labeled.size(at) : unlabeled.size(place(at)),
        image: (at: number) => isOld(at) ? labeled.image(at) : unlabeled.image(place(at)),
        mask: (at: number) => isOld(at) ? labeled.mask(at) : unlabeledTruth.mask(place(at)),
      },
      unlabeled: {
        length: kept.length,
        ids: kept.map((at) => ids[at]!),
        size: (at: number) => unlabeled.size(kept[at]!),
        image: (at: number) => unlabeled.image(kept[at]!),
      },
    };
  },
});

export default pipeline("next-12", () => {
  const data = load({ dataset: "shapes", unlabeledTruth: true });
  const labels = pseudoLabel({ nets: trained(data), images: data.unlabeled });
  const more = { ...annotate({ data, labels }), validation: data.validation };
  return { score: evaluate({ nets: trained(more, 2), samples: data.validation }) };
});
