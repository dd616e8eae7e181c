import { small } from "./families/small.ts";

/**
 * A folder in PASCAL's layout with its own lists, `ImageSets/{labeled,unlabeled,val}.txt`, on the small backbone:
 * `--set load.root=…` names the folder.
 */
export default small("voc-folder", {
  data: { dataset: "pascal", root: "data/voc" },
  epochs: 6,
  frequent: [0],
});
