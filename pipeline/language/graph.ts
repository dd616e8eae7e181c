/** Pipelines: declared as a function that calls stages, built purely into a graph. @module */
import { collect, type GraphNode, isRef, type RuntimeRef } from "./builder.ts";
import { type Override, parseSet } from "./override.ts";
import { isTooDeep, mostLevels } from "./depth.ts";
import { GraphError } from "../errors.ts";
import { didYouMean } from "./suggest.ts";

/** The result of building a pipeline: plain data, nothing run. */
export interface Graph<R = unknown> {
  /** Name of the pipeline. */
  readonly name: string;
  /** Nodes; every node comes after those it reads from. */
  readonly nodes: readonly GraphNode[];
  /** What the pipeline's function returned: nested records of references. */
  readonly outputs: R;
}

/** A declared pipeline. */
export interface Pipeline<R = unknown> {
  /** Name, e.g. `"pascal-366"`. */
  readonly name: string;
  /**
   * Builds the graph. Pure: reads no file, runs no stage; twice gives equal graphs.
   *
   * @param overrides From `--set`, as parsed or as text; the last one wins.
   * @param folder What relative paths in the experiment's configs are relative to; without it, to the process's folder.
   * @throws {GraphError} If the pipeline is declared wrongly.
   * @throws {ConfigError} If a config is refused, or an override names what there is not.
   */
  build(overrides?: readonly (Override | string)[], folder?: string): Graph<R>;
}

/**
 * Declares a pipeline.
 *
 * @param name Its name: letters, digits, `-`, `_`.
 * @param body Calls stages and returns (nested records of) references to what is wanted.
 * @example
 * ```ts
 * import { augment, ccvc, coTrain, evaluate, load, pipeline } from "@crossview/crossview";
 *
 * export default pipeline("my-experiment", () => {
 *   const data = load({ dataset: "pascal", root: "my-photographs" });
 *   const nets = coTrain({ views: augment({ data }, { crop: 128 }) }, { method: ccvc(), backbone: "resnet14" });
 *   return { score: evaluate({ nets, samples: data.validation }) };
 * });
 * ```
 */
export function pipeline<R>(name: string, body: () => R): Pipeline<R> {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    throw new GraphError(`Cannot name a pipeline "${name}": letters, digits, - and _ only`);
  }
  return {
    name,
    build(overrides = [], folder) {
      const parsed = overrides.map((override) =>
        typeof override === "string" ? parseSet(override) : override
      );
      const { build, result } = collect(name, parsed, body, folder);
      if (isTooDeep(result, isRef)) {
        throw new GraphError(
          `Cannot build pipeline "${name}": what its function returns has more than ${mostLevels} levels of records, or a loop`,
        );
      }
      checkOutputs(name, result, "it", new Set(build.nodes.values()));
      return { name, nodes: [...build.nodes.values()], outputs: result };
    },
  };
}

/** A named output of a pipeline: the path in what its function returned, and the reference there. */
export interface NamedOutput {
  /** Path joined with dots, e.g. `"labels.masks"`. */
  readonly name: string;
  /** The reference. */
  readonly ref: RuntimeRef;
}

/** All references in what a pipeline returned. */
export function namedOutputs(outputs: unknown, path: readonly string[] = []): NamedOutput[] {
  if (isRef(outputs)) return [{ name: path.join(".") || outputs.output, ref: outputs }];
  if (typeof outputs !== "object" || outputs === null) return [];
  return Object.entries(outputs).flatMap(([key, value]) => namedOutputs(value, [...path, key]));
}

/** Maps every reference in what a pipeline returned, keeping the shape. */
export function mapOutputs(outputs: unknown, map: (ref: RuntimeRef) => unknown): unknown {
  if (isRef(outputs)) return map(outputs);
  if (Array.isArray(outputs)) return outputs.map((item) => mapOutputs(item, map));
  const entries = Object.entries((outputs ?? {}) as object);
  return Object.fromEntries(entries.map(([key, value]) => [key, mapOutputs(value, map)]));
}

/**
 * The node of an instance id.
 *
 * @throws {GraphError} If there is none, with "did you mean".
 */
export function nodeOf(graph: Graph, id: string): GraphNode {
  const node = graph.nodes.find((candidate) => candidate.id === id);
  if (node !== undefined) return node;
  const known = graph.nodes.map((candidate) => candidate.id);
  throw new GraphError(`Pipeline "${graph.name}" has no stage "${id}". ${didYouMean(id, known)}`);
}

function checkOutputs(name: string, value: unknown, what: string, nodes: ReadonlySet<GraphNode>): void {
  if (value instanceof Promise) {
    throw new GraphError(
      `Cannot build pipeline "${name}": its function is async; building must not wait for anything`,
    );
  }
  if (isRef(value)) {
    if (nodes.has(value.node)) return;
    throw new GraphError(
      `Cannot build pipeline "${name}": ${what} is a reference to a stage of another pipeline`,
    );
  }
  if (typeof value !== "object" || value === null) {
    throw new GraphError(
      `Cannot build pipeline "${name}": ${what} must be a reference or a record of references, not ${
        String(value)
      }`,
    );
  }
  for (const [key, member] of Object.entries(value)) checkOutputs(name, member, `"${key}"`, nodes);
}
