import { cpsExperiment } from "./families/cps.ts";

/** Cityscapes, 1/4 labeled, by CPS with CutMix. */
export default cpsExperiment("cps-cutmix-cityscapes-1-4", {
  dataset: "cityscapes",
  split: "1_4",
  cutMix: true,
});
