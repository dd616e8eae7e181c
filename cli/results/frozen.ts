/**
 * Whether published results are still what the code would make, and what was made: keys, digests and means, computed again without
 * running anything. @module
 */
import {
  type Behind,
  type Cache,
  differenceLines,
  type GraphNode,
  History,
  keyParts,
  loadedCode,
  messageOf,
  type SourcesDigest,
  UserError,
} from "../../pipeline/mod.ts";
import { fingerprintNode, sourcesOf } from "../../pipeline/plan/prepare.ts";
import { loadExperiment } from "../experiment/load_experiment.ts";
import { checkOf, scoreEdits } from "./published_scores.ts";
import type { PublishedNode } from "./published_result.ts";
import { experimentOf, type StoredResult } from "./results.ts";

/** What became of a published result. */
export interface Frozen {
  /** One line for each part that differs, e.g. `co-train.config.epochs: 9 → 10`; none if the result stands. */
  readonly differences: readonly string[];
  /** Whether the file itself was changed since it was published. */
  readonly isEdited: boolean;
  /** What could not be looked at. */
  readonly notes: readonly string[];
}

/**
 * Computes the keys of a published result again. The inputs of a stage are what the result says its predecessors made, so that
 * nothing has to run, no cache is needed, and a change is named by the stage that it is in and not by all that follow.
 *
 * @param cache Where bundles are remembered and manifests may lie.
 * @throws {CodeError} If a stage's code cannot be fingerprinted.
 */
export async function holdAgainst(result: StoredResult, cache: Cache): Promise<Frozen> {
  const published = new Map(result.nodes.map((node) => [node.id, node]));
  let nodes: readonly GraphNode[];
  try {
    nodes = (await loadExperiment(experimentOf(result))).build(result.set).nodes;
  } catch (error) {
    // A leaf that is no more, or an experiment that is gone: the result cannot be made again.
    if (error instanceof UserError) return { differences: [messageOf(error)], isEdited: false, notes: [] };
    throw error;
  }
  const edits = editsOf(result, nodes);
  const codes = await loadedCode(nodes.map(({ stage }) => stage), cache.notes);
  const history = new History(cache);
  const differences = [...edits], notes: string[] = [];
  if (result.check === undefined) {
    notes.push(
      "its format is 1: the adapter of each stage is not known, and nothing holds what was recorded",
    );
  }
  for (const node of nodes) {
    const before = published.get(node.id);
    published.delete(node.id);
    if (before === undefined) {
      differences.push(`${node.id}: no stage of the published result`);
      continue;
    }
    const sources = await sourcesNow(node, before, history, notes);
    const prepared = { node, code: codes.get(node.stage)!, sources };
    const made = (from: GraphNode) => {
      const outputs = result.nodes.find(({ id }) => id === from.id)?.outputs;
      return outputs && Object.fromEntries(
        Object.entries(outputs).map(([name, digest]) => [name, { kind: "", version: 1, digest, files: {} }]),
      );
    };
    const { parts, key } = fingerprintNode(prepared, made, result.seed);
    if (key === before.key) continue;
    const behind: Behind = { sources: (digest) => history.sources(digest), input: () => Promise.resolve("") };
    const lines = await differenceLines(before, { parts, modules: prepared.code.modules }, behind);
    if (key === undefined) lines.push("an input is no output of the published result");
    // The parts are those published, and their digest is not: the file was edited by hand.
    if (lines.length === 0) {
      lines.push(`key: ${before.key.slice(0, 12)} → ${key!.slice(0, 12)}, from equal parts`);
    }
    differences.push(...lines.map((line) => `${node.id}.${line}`));
  }
  for (const id of published.keys()) differences.push(`${id}: no stage of the experiment any more`);
  return { differences, isEdited: edits.length > 0, notes };
}

/** What was changed in the file by hand: scores, configs, or anything else. */
function editsOf(result: StoredResult, nodes: readonly GraphNode[]): string[] {
  const edits = scoreEdits(result, nodes);
  for (const { id, stage } of nodes) {
    const found = result.nodes.find((each) => each.id === id);
    if (found === undefined) continue;
    const given = keyParts({ stage, id, config: found.config, code: { parts: {} }, inputs: {}, seed: 0 });
    const isLeaf = (name: string) => name.startsWith("config.");
    for (const name of new Set([...Object.keys(given), ...Object.keys(found.parts)].filter(isLeaf))) {
      const [shown, keyed] = [given[name], found.parts[name]].map((value) => JSON.stringify(value) ?? "none");
      if (shown !== keyed) edits.push(`${id}.${name}: ${shown}, and its key was made of ${keyed}`);
    }
  }
  const { path: _, ...published } = result;
  if (edits.length === 0 && result.check !== undefined && checkOf(published) !== result.check) {
    edits.push("check: it does not hold: the file was changed after it was published");
  }
  return edits;
}

/** The digest of a node's files; where they are not here, as in CI, the published one is taken, and a note says so. */
async function sourcesNow(
  node: GraphNode,
  { parts }: PublishedNode,
  history: History,
  notes: string[],
): Promise<SourcesDigest | undefined> {
  try {
    const sources = await sourcesOf(node, history.cache);
    if (sources !== undefined) history.remember(sources);
    return sources;
  } catch (error) {
    if (!(error instanceof UserError) || typeof parts.sources !== "string") throw error;
    notes.push(`${node.id}: its files were not looked at (${messageOf(error)})`);
    return { digest: parts.sources, manifest: "{}", files: new Map(), read: 0 };
  }
}
