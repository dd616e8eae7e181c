/** What a stage is given, read from the cache. @module */
import type { ArtifactKind } from "../language/artifact.ts";
import { artifactReader } from "../cache/artifact_store.ts";
import type { Edge, GraphNode } from "../language/builder.ts";
import type { Cache } from "../cache/cache.ts";
import type { StoredArtifact } from "../cache/entry.ts";
import { StageError } from "../errors.ts";

/**
 * Reads the inputs of a stage.
 *
 * @param artifactOf The artifact that an edge carries.
 * @param guarded Calls the code of an artifact's kind, and explains what it throws.
 * @throws {CorruptBlobError} If an input's bytes are damaged.
 * @throws {StageError} If an input is of another version than the stage reads.
 */
export async function readInputs(
  node: GraphNode,
  cache: Cache,
  artifactOf: (edge: Edge) => StoredArtifact,
  guarded: <T>(read: () => Promise<T> | T) => Promise<T> = async (read) => await read(),
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const edge of node.edges) {
    const { input } = edge, artifact = artifactOf(edge);
    // Every byte is checked before the stage starts, so that hours of work never end in a damaged input.
    for (const file of Object.values(artifact.files)) await cache.verify(file);
    const [name, member] = input.split(".") as [string, string?];
    const declared = node.stage.inputs[name];
    const kind: ArtifactKind<unknown> = member === undefined ? declared : declared[member];
    if (kind.version !== artifact.version) {
      throw new StageError(
        node.id,
        `Cannot read input "${input}" of stage "${node.id}": it is a ${artifact.kind} of version ${artifact.version}, ` +
          `the stage reads version ${kind.version}`,
      );
    }
    const value = await guarded(() => kind.read(artifactReader(cache, artifact)));
    if (member === undefined) values[name] = value;
    else ((values[name] ??= {}) as Record<string, unknown>)[member] = value;
  }
  return values;
}
