/** A pipeline no further than one of its stages. @module */
import { type GraphNode, isRef, type RuntimeRef } from "./builder.ts";
import { type Graph, nodeOf } from "./graph.ts";

/**
 * A stage with all that comes before it; of what the pipeline returns, what these make.
 *
 * @param id Id of the stage.
 * @throws {GraphError} If there is none, with "did you mean".
 */
export function upTo(graph: Graph, id: string): Graph {
  const kept = new Set<GraphNode>();
  const keep = (node: GraphNode): void => {
    if (kept.has(node)) return;
    kept.add(node);
    for (const { from } of node.edges) keep(from);
  };
  keep(nodeOf(graph, id));
  return {
    name: graph.name,
    nodes: graph.nodes.filter((node) => kept.has(node)),
    outputs: made(graph.outputs, kept) ?? {},
  };
}

/** What a pipeline returns, without the references to stages that are not kept; undefined if nothing is left. */
function made(outputs: unknown, kept: ReadonlySet<GraphNode>): unknown {
  if (isRef(outputs)) return kept.has((outputs as RuntimeRef).node) ? outputs : undefined;
  const left = Object.entries(outputs as object).flatMap(([name, value]) => {
    const member = made(value, kept);
    return member === undefined ? [] : [[name, member] as const];
  });
  return left.length === 0 ? undefined : Object.fromEntries(left);
}
