import { pascal } from "./families/pascal.ts";

/** PASCAL VOC 2012, 92 of 10,582 labeled, all finely. */
export default pascal("pascal-92", "pascal/92");
