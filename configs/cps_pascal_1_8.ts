import { cpsExperiment } from "./families/cps.ts";

/** PASCAL VOC 2012, 1/8 labeled, by CPS. */
export default cpsExperiment("cps-pascal-1-8", { dataset: "pascal", split: "1_8", cutMix: false });
