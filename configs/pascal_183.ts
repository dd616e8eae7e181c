import { pascal } from "./families/pascal.ts";

/** PASCAL VOC 2012, 183 of 10,582 labeled, all finely. */
export default pascal("pascal-183", "pascal/183");
