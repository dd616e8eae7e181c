import { cpsExperiment } from "./families/cps.ts";

/** Cityscapes, 1/8 labeled, by CPS with CutMix. */
export default cpsExperiment("cps-cutmix-cityscapes-1-8", {
  dataset: "cityscapes",
  split: "1_8",
  cutMix: true,
});
