/** Options of methods for small networks that start from random weights, whatever the images are. @module */
import { ccvc, cps, deepLabV3Plus, u2pl } from "../../mod.ts";

/** They were chosen on `shapes-12`, on seeds 3 and 4; CCVC's are of old. */
export const newNetworks = {
  ccvc: ccvc({
    augmentation: "strong",
    conflictWeight: 1.5,
    supervisedWeight: 2,
    consistencyWeight: 1.5,
    discrepancyWeight: 0.2,
    dropout: 0.2,
  }),
  // With CutMix and the weight published for it: 2 to 4 points ahead of plain CPS by 0.5 or 1.5.
  cps: cps({ cutMix: true, weight: 1 }),
  // Vectors and queues as small as the network and the data. As published, a teacher of random weights labels first by running
  // statistics of these: on seed 3 that ends at 20, a copy of the student at 31, with this weight at 48, labels alone at 46.
  u2pl: u2pl({ start: "copy", unsupervisedWeight: 0.3, features: 32, firstQueue: 2000, queue: 2000 }),
  // By the published 3e-4, running statistics would still be those of the start after so few steps.
  deepLabV3Plus: deepLabV3Plus({ momentum: 0.1 }),
};
