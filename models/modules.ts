/** Layers of a method's own in a network, beside what predicts: no evaluation runs them. @module */
import type { Forward, Scope } from "./registry.ts";

/** What layers of one's own may be declared by. */
export interface ModuleExtents {
  /** Channels of the backbone's first stage. */
  readonly low: number;
  /** Of its third. */
  readonly middle: number;
  /** Of its last. */
  readonly high: number;
  /** Channels of what enters the fuse convolutions. */
  readonly features: number;
  /** Classes of the data. */
  readonly classes: number;
}

/** Declares layers, and gives their forward pass. */
export type Declare<I, O> = (scope: Scope, extents: ModuleExtents) => (forward: Forward, input: I) => O;

/** Layers of a method's own. */
// deno-lint-ignore no-explicit-any -- what goes in is a parameter's: no one type is above all.
export interface OwnModule<I = any, O = unknown> {
  /** Declares them. */
  readonly declare: Declare<I, O>;
}

/** The same as a file of weights describes it: what it holds, and nothing of what it computes. */
export interface HeldModule {
  /** In the order of the state dict. */
  readonly tensors: readonly HeldTensor[];
}

/** A tensor of layers that are not known. */
export interface HeldTensor {
  /** Within the module. */
  readonly name: string;
  /** PyTorch's shape. */
  readonly shape: readonly number[];
}

/** Layers of one's own by name: that in the state dict. */
export type Modules = Readonly<Record<string, OwnModule>>;

/** A module's forward pass. */
export type RunModule = (forward: Forward, input: unknown) => unknown;

/** Declares a module; undefined where only what it holds is known. */
export function declareModule(
  scope: Scope,
  module: OwnModule | HeldModule,
  extents: ModuleExtents,
): RunModule | undefined {
  if ("declare" in module) return module.declare(scope, extents);
  for (const { name, shape } of module.tensors) {
    scope.registry.parameters.push({
      name: `${scope.prefix}.${name}`,
      shape,
      initialization: { distribution: "constant", value: 0 },
      group: scope.group,
      kind: shape.length === 4 ? "convolutions" : "norms",
    });
  }
  return undefined;
}
