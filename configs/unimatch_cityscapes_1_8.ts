import { unimatchCityscapes } from "./families/unimatch.ts";

/** UniMatch on Cityscapes, 372 of 2,975 labeled. */
export default unimatchCityscapes("unimatch-cityscapes-1-8", "cityscapes/1_8");
