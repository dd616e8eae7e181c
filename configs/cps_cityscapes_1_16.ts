import { cpsExperiment } from "./families/cps.ts";

/** Cityscapes, 1/16 labeled, by CPS. */
export default cpsExperiment("cps-cityscapes-1-16", { dataset: "cityscapes", split: "1_16", cutMix: false });
