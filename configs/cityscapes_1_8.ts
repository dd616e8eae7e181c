import { cityscapes } from "./families/cityscapes.ts";

/** Cityscapes, 372 of 2,975 labeled. */
export default cityscapes("cityscapes-1-8", "cityscapes/1_8");
