import { pascal } from "./families/pascal.ts";

/** PASCAL VOC 2012, 662 of 10,582 labeled, drawn at random from all (CPS). */
export default pascal("pascal-1-16", "pascal/1_16");
