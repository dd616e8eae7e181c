import { cpsExperiment } from "./families/cps.ts";

/** PASCAL VOC 2012, 1/8 labeled, by CPS with CutMix. */
export default cpsExperiment("cps-cutmix-pascal-1-8", { dataset: "pascal", split: "1_8", cutMix: true });
