/** What a finished run returned, by the kind of each output: scores, pictures and weights go into the run's folder. @module */
import { dirname, extname, join } from "node:path";
import {
  type ArtifactReader,
  artifactReader,
  type Cache,
  type Graph,
  type RunNode,
  type RunResult,
  type RuntimeRef,
  UserError,
} from "../../pipeline/mod.ts";
import { explainWrite } from "../../pipeline/files/files.ts";
import { isRunScores, type RunScores } from "./scores.ts";
import type { RecordedOutput, RunFolder } from "./run_folder.ts";

/** An output with its files. */
export interface FoundOutput extends RecordedOutput {
  readonly files: ArtifactReader;
  readonly read: () => Promise<unknown>;
}

/** Every output of every node of a run; those that the pipeline returns carry their path there as name. */
export function outputsOf<R>(
  graph: Graph<R>,
  returned: readonly { readonly name: string; readonly ref: RuntimeRef }[],
  result: RunResult<R>,
  cache: Cache,
): { returned: FoundOutput[]; all: FoundOutput[] } {
  const nodes = new Map(result.nodes.map((node) => [node.id, node]));
  const all = graph.nodes.flatMap((node) =>
    Object.keys(node.stage.outputs).map((output) => found(`${node.id}.${output}`, { node, output }))
  );
  return { returned: returned.map(({ name, ref }) => found(name, ref)), all };

  function found(name: string, { node, output }: RuntimeRef): FoundOutput {
    const artifact = (nodes.get(node.id) as RunNode).outputs[output]!;
    const files = artifactReader(cache, artifact);
    const read = () => node.stage.outputs[output].read(files);
    const { kind, version, digest } = artifact;
    return { name, kind, version, node: node.id, output, digest, files, read };
  }
}

/**
 * The scores among the outputs: of kind `metrics`, the last one if there are several (a pipeline returns its result last).
 * @returns The value as stored, or undefined if no output is of the kind or it lacks what tables need.
 */
export async function findMetrics(returned: readonly FoundOutput[]): Promise<RunScores | undefined> {
  for (const output of returned.filter(({ kind }) => kind === "metrics").reverse()) {
    const value = await output.read();
    if (isRunScores(value)) return value;
  }
  return undefined;
}

/** Copies the pictures that a pipeline returns to look at: outputs called `pictures` of the kind `pictures`. */
export async function copyPictures(returned: readonly FoundOutput[], folder: RunFolder): Promise<boolean> {
  const found = returned.filter(({ kind, output }) => kind === "pictures" && output === "pictures");
  const pictures = found.filter(({ files }) => files.names().length > 0);
  if (pictures.length === 0) return false;
  await folder.directory("pictures", async (path) => {
    for (const { node, files } of pictures) {
      await exportFiles(files, pictures.length === 1 ? path : join(path, node));
    }
  });
  return true;
}

/** Links the weights that training stages made, so that they outlive the cache's bounds; copies across file systems. */
export async function linkWeights(all: readonly FoundOutput[], folder: RunFolder): Promise<boolean> {
  const weights = all.filter(({ kind }) => kind === "checkpoint");
  if (weights.length === 0) return false;
  const alone = new Set(weights.map(({ node }) => node)).size === 1;
  await folder.directory("weights", async (path) => {
    for (const { node, output, files } of weights) {
      for (const name of files.names()) {
        const to = join(path, alone ? "" : node, `${output}${extname(name)}`);
        await Deno.mkdir(dirname(to), { recursive: true });
        const from = await files.path(name);
        await Deno.link(from, to).catch(() => Deno.copyFile(from, to));
      }
    }
  });
  return true;
}

/**
 * Copies an artifact's files into a folder that is not there yet: all of them or none.
 * @throws {UserError} If the folder exists, or cannot be written.
 */
export async function exportNew(files: ArtifactReader, folder: string): Promise<void> {
  if (await Deno.stat(folder).then(() => true, () => false)) {
    throw new UserError(`Cannot write "${folder}": it exists. Name another folder, or remove it.`);
  }
  const aside = `${folder}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.mkdir(aside, { recursive: true });
    await exportFiles(files, aside);
    await Deno.rename(aside, folder);
  } catch (error) {
    await Deno.remove(aside, { recursive: true }).catch(() => {});
    throw explainWrite(error, folder);
  }
}

async function exportFiles(files: ArtifactReader, folder: string): Promise<void> {
  for (const name of files.names()) {
    const to = join(folder, name);
    await Deno.mkdir(dirname(to), { recursive: true });
    await Deno.copyFile(await files.path(name), to);
  }
}
