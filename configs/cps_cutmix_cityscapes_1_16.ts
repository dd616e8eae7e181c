import { cpsExperiment } from "./families/cps.ts";

/** Cityscapes, 1/16 labeled, by CPS with CutMix. */
export default cpsExperiment("cps-cutmix-cityscapes-1-16", {
  dataset: "cityscapes",
  split: "1_16",
  cutMix: true,
});
