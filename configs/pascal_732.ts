import { pascal } from "./families/pascal.ts";

/** PASCAL VOC 2012, 732 of 10,582 labeled, all finely. */
export default pascal("pascal-732", "pascal/732");
