/** What the trainings of an experiment will hold on a device, known without data and without a step. @module */
import type { Device } from "../../kernels/device.ts";
import { type Graph, type GraphNode, UserError } from "../../pipeline/mod.ts";
import type { ViewPolicy } from "../../stages/augment.ts";
import { type CoTrainConfig, methodOf, trainingSettings } from "../../stages/co_train.ts";
import { type ClassList, shapesClasses } from "../../stages/datasets/classes.ts";
import { layouts } from "../../stages/datasets/layouts.ts";
import type { LoadConfig } from "../../stages/load.ts";
import type { SampleSet } from "../../stages/datasets/samples.ts";
import {
  forecast,
  type MemorySettings,
  type TrainingForecast,
  USABLE,
} from "../../stages/training/memory.ts";

/** One training of an experiment. */
export interface PlannedMemory extends TrainingForecast {
  /** Id of the stage. */
  readonly id: string;
  readonly backbone: string;
  readonly crop: number;
  /** Images of each kind in a step. */
  readonly batch: number;
  readonly accumulate: number;
  readonly recompute: string;
  readonly device: {
    readonly name: string;
    /** Bytes; absent where the system does not tell. */
    readonly memoryBytes?: number;
    /** Of those, what a training may take. */
    readonly usableBytes?: number;
    readonly maxBufferSize: number;
    /** What is granted of that. */
    readonly bufferBytes: number;
    readonly maxStorageBufferBindingSize: number;
  };
  /** Whether it can be trained, as far as is known. */
  readonly fits: boolean;
}

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

/** Plans the memory of every training of a graph. */
export function plannedMemory(device: Device, graph: Graph, seed: number): PlannedMemory[] {
  const { facts: { name, memoryBytes, bufferBytes }, gpu: { limits } } = device;
  return trainingNodes(graph).map((node) => {
    const known = knownTraining(node, seed);
    if ("unknown" in known) {
      const { id, stage } = known.unknown;
      throw new UserError(
        `Cannot plan the memory of "${node.id}": its classes come from stage "${id}" (${stage.name}), and only ` +
          'those of "load" are known before it has run. Train it: the peak is told, and checked, before the first step.',
      );
    }
    const { id, config, crop, settings } = known;
    const found = forecast(device, settings);
    return {
      id,
      backbone: config.backbone,
      crop,
      batch: config.batch,
      accumulate: config.accumulate,
      recompute: config.recompute,
      ...found,
      device: {
        name,
        ...(memoryBytes !== undefined && { memoryBytes, usableBytes: Math.floor(USABLE * memoryBytes) }),
        maxBufferSize: limits.maxBufferSize,
        bufferBytes,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      },
      fits: found.obstacle === undefined,
    };
  });
}

/** The node that gives an input. */
function inputOf(node: GraphNode, input: string): GraphNode {
  return node.edges.find((edge) => edge.input === input)!.from;
}

/** Views of images that nobody has seen: no larger than the data set's, where it is generated, else of any size. */
function unseen(policy: ViewPolicy, { dataset, shapes }: LoadConfig) {
  const classes = dataset === "shapes" ? shapesClasses : layouts[dataset].classes;
  const side = dataset === "shapes" ? shapes.size : Infinity;
  const set = unseenSet(side, classes);
  return { labeled: set, unlabeled: set, validation: set, policy };
}

function unseenSet(side: number, classes: ClassList): SampleSet {
  const absent = (): never => {
    throw new Error("Cannot read a sample: no data is loaded to plan memory");
  };
  const size = () => ({ width: side, height: side });
  return { length: 1, ids: [""], classes, size, image: absent, mask: absent };
}
