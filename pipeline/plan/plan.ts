/** The plan: what would run, and with which keys; nothing is executed. @module */
import type { GraphNode } from "../language/builder.ts";
import type { Cache } from "../cache/cache.ts";
import type { Json } from "./canonical_json.ts";
import type { Origin } from "../language/config.ts";
import type { KeyParts } from "./fingerprint.ts";
import { type Graph, namedOutputs } from "../language/graph.ts";
import { fingerprintNode, type Outputs, prepare, type Prepared } from "./prepare.ts";
import { History, reasonOf } from "./why.ts";

/** hit: in the cache; miss: would run; waiting: runs or not, as what comes before it turns out. */
export type PlanState = "hit" | "miss" | "waiting";

/** A node of a plan. */
export interface PlanNode {
  /** Instance id. */
  readonly id: string;
  /** Name of the stage. */
  readonly stage: string;
  /** Version of the stage. */
  readonly version: number;
  /** Parsed config. */
  readonly config: Json;
  /** Leaf → who decided it. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** Parts of the key; inputs that are not known yet are left out. */
  readonly parts: KeyParts;
  /** Module → digest, behind the code's part of the key. */
  readonly modules: Readonly<Record<string, string>>;
  /** The key, where all inputs are known. */
  readonly key?: string;
  /** Output → content digest, where the result is known. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** What is to be expected. */
  readonly state: PlanState;
  /** For a miss or a waiting node: what differs from the nearest earlier entry, one line a part. */
  readonly why?: readonly string[];
  /** For a waiting node: the ids it waits for. */
  readonly waitingFor?: readonly string[];
  /** Names of the resources it holds. */
  readonly resources: readonly string[];
}

/** A plan, plain JSON. */
export interface Plan {
  /** Name of the pipeline. */
  readonly pipeline: string;
  /** The run's seed. */
  readonly seed: number;
  /** Nodes in an order of execution. */
  readonly nodes: readonly PlanNode[];
  /** Edges. */
  readonly edges: readonly {
    readonly from: string;
    readonly output: string;
    readonly to: string;
    readonly input: string;
  }[];
  /** What the pipeline returns, by path. */
  readonly outputs: readonly { readonly name: string; readonly node: string; readonly output: string }[];
}

/** Options of {@linkcode plan}. */
export interface PlanOptions {
  /** The cache. */
  readonly cache: Cache;
  /** The run's seed, 0 by default. */
  readonly seed?: number;
  /** Whether to say why for misses; true by default. */
  readonly why?: boolean;
}

/**
 * Plans a graph.
 *
 * @throws {CodeError} If a stage's code cannot be fingerprinted.
 * @throws {SourceError} If an external file is missing.
 */
export async function plan(graph: Graph, options: PlanOptions): Promise<Plan> {
  const { cache, seed = 0 } = options;
  const prepared = await prepare(graph, cache);
  const settled = new Map<GraphNode, Outputs>();
  const nodes: PlanNode[] = [];
  const history = options.why === false ? undefined : new History(cache);
  for (const node of graph.nodes) {
    nodes.push(await planNode(prepared.get(node)!, settled, cache, seed, history));
  }
  return {
    pipeline: graph.name,
    seed,
    nodes,
    edges: graph.nodes.flatMap((node) =>
      node.edges.map(({ from, output, input }) => ({ from: from.id, output, to: node.id, input }))
    ),
    outputs: namedOutputs(graph.outputs).map(({ name, ref }) => ({
      name,
      node: ref.node.id,
      output: ref.output,
    })),
  };
}

async function planNode(
  prepared: Prepared,
  settled: Map<GraphNode, Outputs>,
  cache: Cache,
  seed: number,
  history: History | undefined,
): Promise<PlanNode> {
  const { node } = prepared;
  const { parts, key } = fingerprintNode(prepared, (from) => settled.get(from), seed);
  const found = key === undefined ? {} : await cache.find(key, node.stage.outputs);
  if (found.entry !== undefined) settled.set(node, found.entry.outputs);
  const state = key === undefined ? "waiting" : found.entry !== undefined ? "hit" : "miss";
  const waitingFor = [
    ...new Set(node.edges.filter((edge) => !settled.has(edge.from)).map((edge) => edge.from.id)),
  ];
  return {
    id: node.id,
    stage: node.stage.name,
    version: node.stage.version,
    config: JSON.parse(JSON.stringify(node.config ?? null)),
    origins: node.origins,
    parts,
    modules: prepared.code.modules,
    ...(key === undefined ? {} : { key }),
    ...(found.entry === undefined ? {} : { outputs: contentDigests(found.entry.outputs) }),
    state,
    ...(history !== undefined && state !== "hit"
      ? { why: (await reasonOf(cache, prepared, parts, found.damage, history)).lines }
      : {}),
    ...(state === "waiting" ? { waitingFor } : {}),
    resources: node.stage.resources ?? [],
  };
}

/** Output → content digest. */
export function contentDigests(outputs: Outputs): Record<string, string> {
  return Object.fromEntries(Object.entries(outputs).map(([name, { digest }]) => [name, digest]));
}
