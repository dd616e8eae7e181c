import { pascal } from "./families/pascal.ts";

/** PASCAL VOC 2012, 1,323 of 10,582 labeled, drawn at random from all (CPS). */
export default pascal("pascal-1-8", "pascal/1_8");
