import type { Graph } from "../kernels/graph.ts";
import type { Tensor } from "../kernels/tensor.ts";
import type { NetworkNorms } from "./norms.ts";

/** The distribution a parameter starts from; one of PyTorch's. */
export type Initialization =
  | {
    readonly distribution: "constant";
    /** Of each element. */
    readonly value: number;
  }
  /** Normal with variance 2 / (out · kh · kw): He et al., ICCV 2015, `mode="fan_out"`. */
  | { readonly distribution: "kaiming-normal-fan-out" }
  /** Uniform in ±1/√fanIn: what PyTorch's convolutions do when they are told nothing. */
  | {
    readonly distribution: "uniform-fan-in";
    /** Values that each output is a sum over. */
    readonly fanIn: number;
  };

/** Which part of a network a parameter is of. */
export type ParameterGroup = "backbone" | "head";

/** What a parameter is of: a convolution's weights or bias, or a norm. */
export type ParameterKind = "convolutions" | "norms" | "biases";

/** A trained tensor, in PyTorch's terms. */
export interface ParameterSpec {
  /** State-dict name, e.g. `branch1.backbone.conv1.0.weight`. */
  readonly name: string;
  /** PyTorch's shape: [out, in, kh, kw] for convolutions, [C] for vectors. */
  readonly shape: readonly number[];
  /** What it starts from. */
  readonly initialization: Initialization;
  /** Which part of the network it is of. */
  readonly group: ParameterGroup;
  /** What of a layer it is. */
  readonly kind: ParameterKind;
  /** Left out by weight decay where it is false. */
  readonly decays?: false;
  /** The parameter whose start is its own, too. */
  readonly startsAs?: string;
}

/** A running statistic: part of the state, not trained. */
export interface StatisticSpec {
  /** State-dict name. */
  readonly name: string;
  /** PyTorch's shape, [C]. */
  readonly shape: readonly number[];
  /** Value of a fresh network. */
  readonly value: number;
  /** The statistic whose start is its own, too. */
  readonly startsAs?: string;
}

/** What an architecture is made of, in the order of its state dict. */
export class Registry {
  /** What is trained. */
  readonly parameters: ParameterSpec[] = [];
  /** What training passes move besides. */
  readonly statistics: StatisticSpec[] = [];
}

/** Where a module is declared: its prefix in the state dict, the group of its parameters, and the norms of its network. */
export interface Scope {
  /** What the declarations are added to. */
  readonly registry: Registry;
  /** What names begin with, without the dot. */
  readonly prefix: string;
  /** Which part of the network it is: how its parameters start, and their rate. */
  readonly group: ParameterGroup;
  /** False for convolutions whose weights no decay pulls at. */
  readonly decays?: false;
  /** PyTorch's unless told. */
  readonly norms?: NetworkNorms;
}

/** The scope of a child module. */
export function within(scope: Scope, name: string): Scope {
  return { ...scope, prefix: scope.prefix ? `${scope.prefix}.${name}` : name };
}

/** What a forward pass is captured with. */
export interface Forward {
  /** What its ops launch into. */
  readonly graph: Graph;
  /** Batch statistics and dropout, or running statistics and none. */
  readonly training: boolean;
  /** The device tensor of a parameter or statistic. */
  readonly tensor: (name: string) => Tensor;
  /** Seed, epoch and step for dropout (kernels/ops/feature/channel_dropout.ts); needed where `training`. */
  readonly counters?: Tensor;
  /**
   * The batches that the batch consists of, equal parts in order: names that tell one's dropout from that of the step's other
   * ones.
   */
  readonly parts: readonly string[];
  /** How many parts, one after another, make a pass with batch statistics of its own; 1 unless told. */
  readonly joint?: number;
  /** Given, it receives a tensor [passes, C] with the running statistic as each pass left it, by the statistic's name. */
  readonly afterEach?: Map<string, Tensor>;
  /** Which copy of the norms, where there are two; the first unless told. */
  readonly domain?: string;
  /** In evaluation mode: which of those to take for the running statistics, and after which pass. */
  readonly after?: { readonly statistics: ReadonlyMap<string, Tensor>; readonly pass: number };
}

/** The network that a parameter or statistic belongs to: what its name says before the first dot. */
export function networkOf(name: string): string {
  return name.slice(0, name.indexOf("."));
}

/** A module's forward pass. */
export type Layer = (forward: Forward, x: Tensor) => Tensor;

/** How many parts of the batch are normalized by statistics of their own. */
export function passesOf({ parts, joint = 1 }: Forward): number {
  return parts.length / joint;
}
