import { cityscapes } from "./families/cityscapes.ts";

/** Cityscapes, 744 of 2,975 labeled. */
export default cityscapes("cityscapes-1-4", "cityscapes/1_4");
