import { pascal } from "./families/pascal.ts";

/** PASCAL VOC 2012, 1,464 of 10,582 labeled, all finely. */
export default pascal("pascal-1464", "pascal/1464");
