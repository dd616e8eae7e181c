import { cpsExperiment } from "./families/cps.ts";

/** PASCAL VOC 2012, 1/16 labeled, by CPS. */
export default cpsExperiment("cps-pascal-1-16", { dataset: "pascal", split: "1_16", cutMix: false });
