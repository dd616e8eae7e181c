import { ccvc, cps, cutMixSeg, deepLabV3Plus, pseudoSeg, psMt, u2pl } from "../mod.ts";
import { small } from "./families/small.ts";

/** CamVid, every eighth training frame labeled (46 of 367), on the small backbone. More steps bring more than all else. */
export default small("camvid-46", {
  data: { dataset: "camvid", root: "data/camvid", labeledEvery: 8 },
  epochs: 20,
  // Sky, building, road, sidewalk, tree.
  frequent: [0, 1, 3, 4, 5],
});

/** Options of other methods that are compared here; those of `shapes-12`, whose networks are as new, by the sizes of these images. */
export const methods = [
  ccvc({
    augmentation: "strong",
    conflictWeight: 1.5,
    supervisedWeight: 2,
    consistencyWeight: 1.5,
    discrepancyWeight: 0.2,
    dropout: 0.2,
  }),
  cps({ cutMix: true, weight: 1 }),
  psMt({ assist: 4, decay: 0.95 }),
  u2pl({ start: "copy", unsupervisedWeight: 0.3, features: 32, firstQueue: 2000, queue: 2000 }),
  deepLabV3Plus({ momentum: 0.1 }),
  cutMixSeg({
    decay: 0.95,
    threshold: 0.9,
    confidence: "pixel",
    distance: "kl-divergence",
    color: true,
    frozenNorms: false,
  }),
  pseudoSeg({ hole: 16, weight: 0.3, backboneMomentum: 0.1, decoderMomentum: 0.1 }),
];
