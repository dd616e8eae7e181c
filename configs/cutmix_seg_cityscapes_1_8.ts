import { cutMixSegExperiment } from "./families/cutmix_seg.ts";

/** Cityscapes, 1/8 labeled, by CutMix-Seg. */
export default cutMixSegExperiment("cutmix-seg-cityscapes-1-8", { dataset: "cityscapes", split: "1_8" });
