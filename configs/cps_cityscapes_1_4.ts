import { cpsExperiment } from "./families/cps.ts";

/** Cityscapes, 1/4 labeled, by CPS. */
export default cpsExperiment("cps-cityscapes-1-4", { dataset: "cityscapes", split: "1_4", cutMix: false });
