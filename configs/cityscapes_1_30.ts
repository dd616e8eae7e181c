import { cityscapes } from "./families/cityscapes.ts";

/** Cityscapes, 100 of 2,975 labeled. */
export default cityscapes("cityscapes-1-30", "cityscapes/1_30");
