import { unimatchPascal } from "./families/unimatch.ts";

/** UniMatch on PASCAL VOC 2012, 366 of 10,582 labeled, all finely. */
export default unimatchPascal("unimatch-pascal-366", "pascal/366");
