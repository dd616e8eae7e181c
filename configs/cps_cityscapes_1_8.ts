import { cpsExperiment } from "./families/cps.ts";

/** Cityscapes, 1/8 labeled, by CPS. */
export default cpsExperiment("cps-cityscapes-1-8", { dataset: "cityscapes", split: "1_8", cutMix: false });
