/** Processes that start one experiment on one empty cache at once: each stage runs in one of them. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TorturePart } from "../part.ts";
import { resultsOf, startTraining } from "../training/training.ts";

/** The part. */
export const processes: TorturePart = {
  name: "processes",
  summary: "starts a training in 8 processes at once on one empty cache: each stage runs once",
  run: ({ folder, say }) => together(8, folder, say),
};

interface RunFile {
  readonly state: string;
  readonly nodes: readonly { readonly id: string; readonly state: string; readonly key: string }[];
  readonly outputs: readonly { readonly name: string; readonly digest: string }[];
}

async function together(count: number, folder: string, say: (line: string) => void): Promise<void> {
  const trainings = Array.from({ length: count }, () => startTraining(folder, 60));
  const ends = await Promise.all(trainings.map(({ ended }) => ended));
  for (const [i, { code }] of ends.entries()) assert.equal(code, 0, trainings[i]!.text());
  const runs = await runsOf(join(folder, "runs"));
  assert.equal(runs.length, count);
  const ran: Record<string, number> = {};
  for (const { nodes } of runs) {
    for (const { id, state } of nodes) ran[id] = (ran[id] ?? 0) + Number(state === "ran");
  }
  for (const [id, times] of Object.entries(ran)) assert.equal(times, 1, `stage ${id} ran ${times} times`);
  const [first] = runs;
  for (const { state, nodes, outputs } of runs) {
    assert.equal(state, "done");
    assert.deepEqual(nodes.map(({ key }) => key), first!.nodes.map(({ key }) => key));
    assert.deepEqual(outputs, first!.outputs);
  }
  assert.equal(Object.keys(await resultsOf(join(folder, "cache"))).length, first!.nodes.length);
  say(`${count} processes, ${Object.keys(ran).length} stages, each ran once; all have the same digests`);
}

async function runsOf(folder: string): Promise<RunFile[]> {
  const found: RunFile[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    for await (const run of Deno.readDir(join(folder, name))) {
      found.push(JSON.parse(await Deno.readTextFile(join(folder, name, run.name, "run.json"))));
    }
  }
  return found;
}
