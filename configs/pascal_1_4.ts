import { pascal } from "./families/pascal.ts";

/** PASCAL VOC 2012, 2,646 of 10,582 labeled, drawn at random from all (CPS). */
export default pascal("pascal-1-4", "pascal/1_4");
