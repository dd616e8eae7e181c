/** The trainings of an experiment, as far as they are known before anything has run. @module */
import type { Graph, GraphNode } from "../pipeline/mod.ts";
import type { ViewPolicy } from "./augment.ts";
import { methodOf } from "./co_train.ts";
import { type ClassList, shapesClasses } from "./datasets/classes.ts";
import { classesOf } from "./datasets/dataset.ts";
import type { SampleSet } from "./datasets/samples.ts";
import type { LoadConfig } from "./load.ts";
import type { MemorySettings } from "./training/memory.ts";
import { type CoTrainConfig, trainingSettings } from "./training/settings.ts";

/** A training of an experiment, known without its data. */
export interface KnownTraining {
  /** Id of the stage. */
  readonly id: string;
  readonly config: CoTrainConfig;
  readonly crop: number;
  readonly settings: MemorySettings;
}

/** The stages of a graph that train. */
export function trainingNodes(graph: Graph): GraphNode[] {
  return graph.nodes.filter(({ stage }) => methodOf(stage) !== undefined);
}

/** A training as far as it is known before anything has run: not if its classes come from a stage other than `load`, which is given. */
export function knownTraining(
  node: GraphNode,
  seed: number,
): KnownTraining | { readonly unknown: GraphNode } {
  const config = node.config as CoTrainConfig;
  const policy = inputOf(node, "views.policy").config as ViewPolicy;
  const load = inputOf(inputOf(node, "views.labeled"), "data.labeled");
  if (load.stage.name !== "load") return { unknown: load };
  const settings = trainingSettings(
    methodOf(node.stage)!,
    config,
    unseen(policy, load.config as LoadConfig),
    seed,
  );
  return { id: node.id, config, crop: policy.crop, settings };
}

/** The node that gives an input. */
function inputOf(node: GraphNode, input: string): GraphNode {
  return node.edges.find((edge) => edge.input === input)!.from;
}

/** What all photographs of a published data set measure; those of PASCAL are of many sizes, and people have put larger ones there. */
const PUBLISHED: Partial<Record<LoadConfig["dataset"], Extents>> = {
  cityscapes: { width: 2048, height: 1024 },
};

/** Pixels. */
interface Extents {
  readonly width: number;
  readonly height: number;
}

/** Views of images that nobody has seen: no larger than the data set's, where that is known, else of any size. */
function unseen(policy: ViewPolicy, { dataset, shapes, ...config }: LoadConfig) {
  const classes = dataset === "shapes" ? shapesClasses : classesOf({ dataset, ...config });
  const square = (side: number): Extents => ({ width: side, height: side });
  const set = unseenSet(PUBLISHED[dataset] ?? square(dataset === "shapes" ? shapes.size : Infinity), classes);
  return { labeled: set, unlabeled: set, validation: set, policy };
}

function unseenSet(extents: Extents, classes: ClassList): SampleSet {
  const absent = (): never => {
    throw new Error("Cannot read a sample: no data is loaded to plan memory");
  };
  const size = () => extents;
  // Of labels nothing is known either, but weights of classes come to some numbers all the same.
  const mask = () => new Uint8Array();
  return { length: 1, ids: [""], classes, size, image: absent, mask };
}
