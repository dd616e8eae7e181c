import { WeightsError } from "./errors.ts";

/** A tensor on the host, in PyTorch's order of elements. */
export interface HostTensor {
  /** PyTorch's shape. */
  readonly shape: readonly number[];
  /** Its elements, the last axis fastest. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** Tensors by their PyTorch names. */
export type StateDict = Map<string, HostTensor>;

/** How tensors differ, by name and shape, from those that a network wants. */
export interface StateDifferences {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly reshaped: readonly {
    readonly name: string;
    readonly found: readonly number[];
    readonly wanted: readonly number[];
  }[];
}

/** Compares names and shapes. */
export function compareState(
  state: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  wanted: readonly { readonly name: string; readonly shape: readonly number[] }[],
): StateDifferences {
  const names = new Set(wanted.map(({ name }) => name));
  return {
    missing: wanted.filter(({ name }) => !state.has(name)).map(({ name }) => name),
    unexpected: [...state.keys()].filter((name) => !names.has(name)),
    reshaped: wanted.flatMap(({ name, shape }) => {
      const found = state.get(name)?.shape;
      return found && `${found}` !== `${shape}` ? [{ name, found, wanted: shape }] : [];
    }),
  };
}

/** Differences in words; none where there is nothing to say. */
export function describeDifferences({ missing, unexpected, reshaped }: StateDifferences): string[] {
  return [
    ...list("missing", missing),
    ...list("unexpected", unexpected),
    ...list(
      "of another shape",
      reshaped.map(({ name, found, wanted }) => `${name} [${found}] instead of [${wanted}]`),
    ),
  ];
}

/**
 * Checks that `state` has just the tensors that `wanted` names, in their shapes.
 *
 * @throws {WeightsError} Naming what is missing, what is unexpected and what has another shape.
 */
export function checkStateDict(
  state: ReadonlyMap<string, HostTensor>,
  wanted: readonly { readonly name: string; readonly shape: readonly number[] }[],
): void {
  const complaints = describeDifferences(compareState(state, wanted));
  if (complaints.length) {
    throw new WeightsError(`Cannot load weights into this network: ${complaints.join("; ")}`);
  }
}

function list(what: string, names: readonly string[]): string[] {
  const SHOWN = 3;
  if (!names.length) return [];
  const rest = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "";
  return [`${names.length} ${what} (${names.slice(0, SHOWN).join(", ")}${rest})`];
}
