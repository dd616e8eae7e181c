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
  /** The name of the benchmark, for tables: no two partitions share one, e.g. `"PASCAL blended 1/16, CPS lists"`. */
  readonly benchmark: string;
  /** Another partition of the same share of the same data set: results on the two say nothing about each other. */
  readonly counterpart?: string;
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

/** PASCAL's blended shares are published twice, drawn by CPS and by U²PL. */
function counterpartOf(name: string): string | undefined {
  const [dataset, share = ""] = name.split("/");
  if (dataset !== "pascal") return undefined;
  const other = share.startsWith("u2pl_") ? share.slice("u2pl_".length) : `u2pl_${share}`;
  return drawn.some(([candidate]) => candidate === `pascal/${other}`) ? `pascal/${other}` : undefined;
}

function benchmarkOf(name: string, labeled: number): string {
  const [dataset, share = ""] = name.split("/");
  const fraction = share.replace("u2pl_", "").replace("_", "/");
  if (dataset === "cityscapes") return `Cityscapes ${fraction}`;
  if (!share.includes("_")) return `PASCAL original, ${labeled} labels`;
  return `PASCAL blended ${fraction}, ${share.startsWith("u2pl_") ? "U²PL" : "CPS"} lists`;
}

/** Every partition, PASCAL first, fewest labels first within a family. */
export const partitions: readonly Partition[] = drawn.map(([name, finelyLabeled, provenance]) => {
  const dataset = name.startsWith("pascal/") ? "pascal" : "cityscapes";
  const counterpart = counterpartOf(name);
  return {
    name,
    dataset,
    labeled: list(`${name}/labeled.txt`),
    unlabeled: list(`${name}/unlabeled.txt`),
    validation: list(`${dataset}/val.txt`),
    finelyLabeled,
    provenance,
    benchmark: benchmarkOf(name, finelyLabeled),
    ...(counterpart === undefined ? {} : { counterpart }),
  };
});
