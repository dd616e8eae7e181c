/** Where in a pickled value the weights are, and by which names. @module */
import { WeightsError } from "../errors.ts";
import { TensorRef, type Value } from "./values.ts";

/** Keys that training scripts keep weights under, the likelier first. */
const USUAL = [
  "state_dict",
  "model_state_dict",
  "model_state",
  "model",
  "net",
  "network",
  "weights",
  "module",
  "params",
  "student",
  "teacher",
  "ema",
];
/** How deep weights may be nested. */
const DEEPEST = 8;
/** Longest name of a tensor, in characters. */
const LONGEST_NAME = 1000;

/** The weights that were found. */
export interface FoundState {
  /** Keys that lead to them. */
  readonly path: readonly string[];
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** What else was there, by its path: left aside. */
  readonly left: readonly string[];
}

/**
 * Finds the state dict in what a file holds: by `key` if given, else under the usual keys, else where the tensors are.
 *
 * @param key Keys that lead to it, joined by dots; empty for the value itself.
 * @throws {WeightsError} If there is none, or several could be meant.
 */
export function findState(value: Value, key?: string): FoundState {
  const left: string[] = [];
  const path: string[] = [];
  let at = value;
  for (let depth = 0; depth < DEEPEST; depth++) {
    if (!(at instanceof Map)) {
      throw new WeightsError(`it holds ${describe(at)}${place(path)}, and no tensors by name`);
    }
    const next = key === undefined ? nextKey(at, path) : asked(at, path, key);
    const tensors = next === undefined ? at : undefined;
    for (const [name, held] of at) {
      if (next === undefined ? !(held instanceof TensorRef && typeof name === "string") : name !== next) {
        left.push([...path, typeof name === "string" ? shortened(name) : describe(name)].join("."));
      }
    }
    if (tensors) return { path, tensors: named(tensors), left };
    path.push(next!);
    at = at.get(next!)!;
  }
  throw new WeightsError(`it nests its tensors more than ${DEEPEST} levels deep`);
}

/** The key to go on with, or undefined where the tensors are. */
function nextKey(at: Map<Value, Value>, path: readonly string[]): string | undefined {
  const usual = USUAL.find((name) => holdsTensors(at.get(name)));
  if (usual !== undefined) return usual;
  if ([...at.values()].some((held) => held instanceof TensorRef)) return undefined;
  const inside = [...at].filter(([, held]) => holdsTensors(held)).map(([name]) => name);
  if (inside.length === 1 && typeof inside[0] === "string") return inside[0];
  if (inside.length === 0) throw new WeightsError(`it holds no tensors by name${place(path)}`);
  throw new WeightsError(
    `several of its parts hold tensors: ${
      inside.slice(0, 8).map((name) => shortened(String(name))).join(", ")
    }. Say which is ` +
      "meant by its key",
  );
}

/** The next part of a key that was given; a part may itself hold dots. */
function asked(at: Map<Value, Value>, path: readonly string[], key: string): string | undefined {
  const rest = path.reduce((text, part) => text.slice(part.length + 1), key);
  if (rest === "") return undefined;
  const found = [...at.keys()].find((name) =>
    typeof name === "string" && name !== "" && at.get(name) instanceof Map &&
    (rest === name || rest.startsWith(`${name}.`))
  );
  if (found !== undefined) return found as string;
  const known = [...at].filter(([, held]) => held instanceof Map).map(([name]) => shortened(String(name)));
  throw new WeightsError(
    `it has no part "${shortened(key)}"; its parts are: ${known.slice(0, 20).join(", ") || "none"}`,
  );
}

/** Whether a value is a dictionary with a tensor in it, or with such a dictionary. Looks at each level once, and not deep. */
function holdsTensors(value: Value | undefined, depth = 2): boolean {
  if (!(value instanceof Map)) return false;
  for (const held of value.values()) if (held instanceof TensorRef) return true;
  if (depth === 0) return false;
  for (const name of USUAL) if (holdsTensors(value.get(name), depth - 1)) return true;
  return false;
}

function named(at: Map<Value, Value>): Map<string, TensorRef> {
  const tensors = new Map<string, TensorRef>();
  for (const [name, held] of at) {
    if (!(held instanceof TensorRef) || typeof name !== "string") continue;
    if (name.length > LONGEST_NAME) throw new WeightsError(`it names a tensor by ${name.length} characters`);
    tensors.set(name, held);
  }
  if (tensors.size === 0) throw new WeightsError("it holds no tensors by name");
  return tensors;
}

function place(path: readonly string[]): string {
  return path.length ? ` under "${path.join(".")}"` : "";
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function describe(value: Value | undefined): string {
  if (value instanceof TensorRef) return "a single tensor";
  if (Array.isArray(value)) return "a list";
  if (value === null || value === undefined) return "nothing";
  return typeof value === "object" ? "an object" : `the ${typeof value} ${String(value).slice(0, 20)}`;
}
