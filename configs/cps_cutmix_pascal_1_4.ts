import { cpsExperiment } from "./families/cps.ts";

/** PASCAL VOC 2012, 1/4 labeled, by CPS with CutMix. */
export default cpsExperiment("cps-cutmix-pascal-1-4", { dataset: "pascal", split: "1_4", cutMix: true });
