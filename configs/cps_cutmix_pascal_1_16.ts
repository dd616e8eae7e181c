import { cpsExperiment } from "./families/cps.ts";

/** PASCAL VOC 2012, 1/16 labeled, by CPS with CutMix. */
export default cpsExperiment("cps-cutmix-pascal-1-16", { dataset: "pascal", split: "1_16", cutMix: true });
