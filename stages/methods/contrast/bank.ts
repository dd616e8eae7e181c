/** Primitive "Bank": queues of features, one a class, that outlive a step: the first ones in leave first. @module */
import { type Bank, bankSpec, pushKeys } from "../../../kernels/ops/contrast/bank.ts";
import type { PixelFeatures } from "../../../kernels/ops/contrast/member_means.ts";
import type { Positions } from "../../../kernels/ops/contrast/positions.ts";
import type { Precision, Tensor } from "../../../kernels/tensor.ts";
import { MethodError } from "../method.ts";
import type { StateSpecs } from "../state.ts";
import type { Step } from "../step.ts";

/** What a bank is called: a word, which the names of its tensors begin with. */
const cursorsOf = (name: string) => `${name}Cursors`;
const pushedOf = (name: string) => `${name}Pushed`;

/**
 * A bank for a method's `state`, empty at the start: a queue a class, named after the class's number, and where each begins and ends.
 * The engine counts, saves and resumes it as any state.
 *
 * @param name A word, by which {@linkcode bankOf} finds it in the step.
 * @param options.features Length of a vector, a multiple of 4.
 * @param options.sizes Vectors that the queue of each class holds.
 * @param options.precision What they are stored as; f32 unless told.
 * @throws {ShapeError} If vectors cannot be so long, or there are no classes.
 */
export function bankState(
  name: string,
  options: { readonly features: number; readonly sizes: readonly number[]; readonly precision?: Precision },
): StateSpecs {
  const { cursors, pushed, queues } = bankSpec(options), fold = { bank: name };
  return {
    [cursorsOf(name)]: { ...cursors, fold },
    [pushedOf(name)]: { ...pushed, fold },
    ...Object.fromEntries(queues.map((queue, row) => [`${name}${row}`, { ...queue, fold }])),
  };
}

/**
 * The bank of a step.
 *
 * @throws {MethodError} If the state has none of the name.
 */
export function bankOf({ state }: Pick<Step, "state">, name: string): Bank {
  const tensors: Readonly<Record<string, Tensor>> = state, cursors = tensors[cursorsOf(name)];
  if (cursors === undefined) {
    throw new MethodError(
      `Cannot use the bank "${name}": the method's state has none. Write state: () => bankState("${name}", …)`,
    );
  }
  const queues = Array.from({ length: cursors.shape[1]! }, (_, row) => tensors[`${name}${row}`]!);
  return { cursors, pushed: tensors[pushedOf(name)]!, queues };
}

/**
 * Puts the features of each class's keys into its queue, in their order, over the oldest ones where it is full. What the step does
 * after this sees them; a micro-batch
 * sees its own, and the next step those of all, in their order. Constant to the gradient.
 *
 * @param keys Pixels of each class, by the places that they have in the two batches.
 */
export function keepKeys(
  { graph }: Pick<Step, "graph">,
  bank: Bank,
  features: PixelFeatures,
  keys: Positions,
): void {
  pushKeys(graph, bank, features, keys);
}
