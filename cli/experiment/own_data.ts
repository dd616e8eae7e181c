/** Data of a stage of somebody's own, which a command knows by what it gives: kinds, and no lists or files. @module */
import {
  type Cache,
  type Graph,
  type GraphNode,
  type Ref,
  run,
  type RuntimeRef,
} from "../../pipeline/mod.ts";
import { type ImageSet, imagesKind, type SampleSet, samplesKind } from "../../stages/datasets/samples.ts";
import { UsageError } from "../terminal/errors.ts";

const kindOf = ({ node, output }: RuntimeRef) => (node.stage.outputs[output] as { name: string }).name;
const isData = (kind: string) => kind === samplesKind.name || kind === imagesKind.name;

/** The outputs of a node that are sets of images; with `labeled`, of labeled ones. */
function setsOf(node: GraphNode, isLabeled: boolean): string[] {
  return Object.keys(node.stage.outputs).filter((output) => {
    const kind = kindOf({ node, output });
    return isLabeled ? kind === samplesKind.name : isData(kind);
  });
}

/** Whether a node is where data begins: it gives labeled images, and takes no images from another. */
export function givesData(node: GraphNode): boolean {
  return setsOf(node, true).length > 0 &&
    !node.edges.some(({ from, output }) => isData(kindOf({ node: from, output })));
}

/**
 * The part of a pipeline that makes the images which scores are of: the node's `validation`, or all that it has.
 *
 * @throws {UsageError} If it has several, and none of that name.
 */
export function validationOf(node: GraphNode): Graph<{ readonly validation: Ref<SampleSet> }> {
  return partOf<"validation", SampleSet>(
    node,
    "validation",
    outputOf(node, "validation", setsOf(node, true)),
  );
}

/**
 * The images of one of a node's outputs, made if they are not in the cache.
 *
 * @throws {UsageError} If it has none of that name.
 */
export async function imagesOf(node: GraphNode, output: string, cache: Cache): Promise<ImageSet> {
  const graph = partOf<"images", ImageSet>(node, "images", outputOf(node, output, setsOf(node, false)));
  return await (await run(graph, { cache })).outputs.images.read();
}

function outputOf(node: GraphNode, wanted: string, sets: readonly string[]): string {
  if (sets.includes(wanted)) return wanted;
  if (sets.length === 1 && wanted === "validation") return sets[0]!;
  throw new UsageError(
    `Cannot find the images "${wanted}" of stage "${node.id}": it gives ${
      sets.join(", ")
    }. Name one of them.`,
  );
}

function partOf<N extends string, T>(
  node: GraphNode,
  name: N,
  output: string,
): Graph<{ readonly [K in N]: Ref<T> }> {
  const outputs = { [name]: { node, output } } as unknown as { readonly [K in N]: Ref<T> };
  return { name: "data", nodes: [...upTo(node)], outputs };
}

/** A node and all that it takes from, each behind its sources. */
function upTo(node: GraphNode, found: Set<GraphNode> = new Set()): Set<GraphNode> {
  for (const { from } of node.edges) upTo(from, found);
  return found.add(node);
}
