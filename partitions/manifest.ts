/** The partitions of the field: which images are labeled, who drew them, and how good their labels are. */
import { type PublishedList, publishedLists } from "./lists.ts";

/** Who is labeled and who is not, in one published experiment. */
export interface Partition {
  /** Folder of the lists, e.g. `"pascal/366"`. */
  readonly name: string;
  readonly dataset: "pascal" | "cityscapes";
  readonly labeled: PublishedList;
  readonly unlabeled: PublishedList;
  readonly validation: PublishedList;
  /** How many of the labeled images have the finely drawn masks of PASCAL's 1,464 (the others have SBD's coarser ones). */
  readonly finelyLabeled: number;
  /** Who drew the lists. */
  readonly provenance: string;
}

const cps = "CPS (Chen et al., CVPR 2021; TorchSemiSeg): a random draw";
const pseudoSeg = "PseudoSeg (Zou et al., ICLR 2021), also CPS, U²PL and ST++ split 0";
const u2pl = "U²PL (Wang et al., CVPR 2022): finely labeled images first";

const drawn: readonly (readonly [name: string, finelyLabeled: number, provenance: string])[] = [
  ["pascal/92", 92, pseudoSeg],
  ["pascal/183", 183, pseudoSeg],
  ["pascal/366", 366, pseudoSeg],
  ["pascal/732", 732, "U²PL (Wang et al., CVPR 2022) and ST++ (Yang et al., CVPR 2022)"],
  ["pascal/1464", 1464, "U²PL and ST++: all of PASCAL VOC 2012's own training set"],
  ["pascal/1_16", 93, cps],
  ["pascal/1_8", 193, cps],
  ["pascal/1_4", 388, cps],
  ["pascal/u2pl_1_16", 662, u2pl],
  ["pascal/u2pl_1_8", 1323, u2pl],
  ["pascal/u2pl_1_4", 1464, u2pl],
  ["cityscapes/1_30", 100, "ST++ (Yang et al., CVPR 2022) split 0"],
  ["cityscapes/1_16", 186, cps],
  ["cityscapes/1_8", 372, cps],
  ["cityscapes/1_4", 744, cps],
  ["cityscapes/1_2", 1488, "UniMatch (Yang et al., CVPR 2023)"],
];

function list(path: string): PublishedList {
  const found = publishedLists.find((candidate) => candidate.path === path);
  if (found === undefined) {
    throw new Error(`The manifest names "${path}", which is not among the published lists`);
  }
  return found;
}

/** Every partition, PASCAL first, fewest labels first within a family. */
export const partitions: readonly Partition[] = drawn.map(([name, finelyLabeled, provenance]) => {
  const dataset = name.startsWith("pascal/") ? "pascal" : "cityscapes";
  return {
    name,
    dataset,
    labeled: list(`${name}/labeled.txt`),
    unlabeled: list(`${name}/unlabeled.txt`),
    validation: list(`${dataset}/val.txt`),
    finelyLabeled,
    provenance,
  };
});
