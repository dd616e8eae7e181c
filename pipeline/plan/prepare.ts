/** What plan, why and scheduler all need first: the code and the sources of every node. @module */
import type { GraphNode } from "../language/builder.ts";
import type { Cache } from "../cache/cache.ts";
import type { Code } from "../code/code.ts";
import type { StoredArtifact } from "../cache/entry.ts";
import { keyOf, type KeyParts, keyParts } from "./fingerprint.ts";
import type { Graph } from "../language/graph.ts";
import { loadedCode } from "../code/loaded_code.ts";
import { digestSources, type SourcesDigest } from "./sources.ts";

/** A node with its code and its sources. */
export interface Prepared {
  /** The node. */
  readonly node: GraphNode;
  /** Its stage's code. */
  readonly code: Code;
  /** Its sources, if its stage has any. */
  readonly sources?: SourcesDigest | undefined;
}

/** The outputs of a node that is settled. */
export type Outputs = Readonly<Record<string, StoredArtifact>>;

/**
 * Hashes the code and the sources of all nodes; nothing is executed.
 *
 * @throws {CacheError} If the cache's directory is none of a cache.
 */
export async function prepare(graph: Graph, cache: Cache): Promise<Map<GraphNode, Prepared>> {
  cache.check();
  const codes = await loadedCode(graph.nodes.map((node) => node.stage), cache.notes);
  const prepared = new Map<GraphNode, Prepared>();
  for (const node of graph.nodes) {
    prepared.set(node, { node, code: codes.get(node.stage)!, sources: await sourcesOf(node, cache) });
  }
  return prepared;
}

/** The digest of a node's sources now. */
export async function sourcesOf(node: GraphNode, cache: Cache): Promise<SourcesDigest | undefined> {
  if (node.stage.sources === undefined) return undefined;
  return await digestSources(node.id, await node.stage.sources(node.config), cache.notes);
}

/** The parts of a node's key as far as they are known, and the key if all inputs are. */
export function fingerprintNode(
  prepared: Prepared,
  upstream: (node: GraphNode) => Outputs | undefined,
  seed: number,
): { parts: KeyParts; key: string | undefined } {
  const { node, code, sources } = prepared;
  const inputs = Object.fromEntries(
    node.edges.map((edge) => [edge.input, upstream(edge.from)?.[edge.output]?.digest]),
  );
  const parts = keyParts({
    stage: node.stage,
    id: node.id,
    config: node.config,
    code,
    inputs,
    sources: sources?.digest,
    seed,
  });
  const complete = Object.values(inputs).every((digest) => digest !== undefined);
  return { parts, key: complete ? keyOf(parts) : undefined };
}
