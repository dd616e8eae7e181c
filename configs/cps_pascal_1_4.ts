import { cpsExperiment } from "./families/cps.ts";

/** PASCAL VOC 2012, 1/4 labeled, by CPS. */
export default cpsExperiment("cps-pascal-1-4", { dataset: "pascal", split: "1_4", cutMix: false });
