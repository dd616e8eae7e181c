import { cutMixSegExperiment } from "./families/cutmix_seg.ts";

/** PASCAL VOC 2012, 1/16 labeled, by CutMix-Seg. */
export default cutMixSegExperiment("cutmix-seg-pascal-1-16", { dataset: "pascal", split: "1_16" });
