import { pascal } from "./families/pascal.ts";

/** PASCAL VOC 2012, 366 of 10,582 labeled, all finely. */
export default pascal("pascal-366", "pascal/366");
