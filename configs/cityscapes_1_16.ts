import { cityscapes } from "./families/cityscapes.ts";

/** Cityscapes, 186 of 2,975 labeled. */
export default cityscapes("cityscapes-1-16", "cityscapes/1_16");
