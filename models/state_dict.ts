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

/**
 * Checks that `state` has just the tensors that `wanted` names, in their shapes.
 *
 * @throws {WeightsError} Naming what is missing, what is unexpected and what has another shape.
 */
export function checkStateDict(
  state: ReadonlyMap<string, HostTensor>,
  wanted: readonly { readonly name: string; readonly shape: readonly number[] }[],
): void {
  const names = new Set(wanted.map(({ name }) => name));
  const missing = wanted.filter(({ name }) => !state.has(name)).map(({ name }) => name);
  const unexpected = [...state.keys()].filter((name) => !names.has(name));
  const reshaped = wanted.flatMap(({ name, shape }) => {
    const found = state.get(name);
    return found && `${found.shape}` !== `${shape}` ? [`${name} [${found.shape}] instead of [${shape}]`] : [];
  });
  const complaints = [
    ...list("missing", missing),
    ...list("unexpected", unexpected),
    ...list("of another shape", reshaped),
  ];
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
