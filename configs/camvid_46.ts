import { cutMixSeg, pseudoSeg, psMt } from "../mod.ts";
import { newNetworks } from "./families/new_networks.ts";
import { small } from "./families/small.ts";

/** CamVid, every eighth training frame labeled (46 of 367), on the small backbone. More steps bring more than all else. */
export default small("camvid-46", {
  data: { dataset: "camvid", root: "data/camvid", labeledEvery: 8 },
  epochs: 20,
  // Sky, building, road, sidewalk, tree.
  frequent: [0, 1, 3, 4, 5],
});

/** Options of other methods that are compared here; as on `shapes-12`, by the sizes of these images. */
export const methods = [
  newNetworks.ccvc,
  newNetworks.cps,
  psMt({ assist: 4, decay: 0.95 }),
  newNetworks.u2pl,
  newNetworks.deepLabV3Plus,
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
