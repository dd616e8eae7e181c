import assert from "node:assert/strict";
import type { StateDict } from "../../../models/state_dict.ts";
import type { Table } from "../../../stages/parity/case.ts";
import { compareEnd } from "../../../stages/parity/compare_end.ts";
import type { Comparison } from "../../../stages/parity/compare_step.ts";
import { sampledValues } from "../../../stages/parity/recorded.ts";
import { publishedFloors, smallFloors } from "../../../stages/parity/rules.ts";
import type { CaseRun, EndState } from "../../../stages/parity/run.ts";

const length = 32;
const tensor = (law: (i: number) => number) => ({
  shape: [length],
  values: Float32Array.from({ length }, (_, i) => law(i)),
});
const names = {
  weight: "student.fuse.1.weight",
  still: "student.fuse.1.bias",
  mean: "student.fuse.1.running_mean",
};
const start: StateDict = new Map([
  [names.weight, tensor((i) => 1 + i / 100)],
  [names.still, tensor(() => 0.5)],
  [names.mean, tensor(() => 0)],
]);
const now: StateDict = new Map([
  [names.weight, tensor((i) => 1.01 + i / 90)],
  [names.still, tensor(() => 0.5)],
  [names.mean, tensor((i) => (-1) ** i * (1 + i))],
]);
const moves: EndState["moves"] = new Map([["student", { stem: 3, fuse: 4 }]]);

const entries = (name: string, count: number) => sampledValues("", name, now.get(name)!.values, count);
const moved = Math.hypot(
  ...now.get(names.weight)!.values.map((value, i) => value - start.get(names.weight)!.values[i]!),
);
const total = (name: string) => now.get(name)!.values.reduce((sum, value) => sum + value, 0);
const recorded: Record<string, Record<string, number | readonly number[]>> = {
  update_norm: { [names.weight]: moved, [names.still]: 0 },
  running: { [names.mean]: entries(names.mean, 4) },
  buffers: { [names.mean]: [total(names.mean), ...entries(names.mean, 2)] },
  teacher_sample: { [names.weight]: entries(names.weight, 4) },
  num_batches_tracked: { student: [3, 4] },
};

/** What is out, with a table changed. */
async function out(
  change: Readonly<Record<string, Table>>,
  { floors = smallFloors, dev = {}, unread = {} as Record<string, string>, end = {} as Partial<EndState> } =
    {},
): Promise<string[]> {
  const comparison = {
    parity: {
      case: { salt: "" },
      float64: { arrays: {}, tables: { ...recorded, ...change } },
      float32_deviation: dev,
    },
    setup: { floors, unread },
  } as unknown as Comparison;
  const run = {
    evaluate: () => Promise.resolve({}),
    end: () => Promise.resolve({ start, now, moves, ...end }),
  } as unknown as CaseRun;
  const quantities = await compareEnd(comparison, run);
  return quantities.filter(({ within }) => !within).map(({ kind, name }) => `${kind}: ${name}`);
}

const times = (table: string, name: string, factor: number) => ({
  [table]: { ...recorded[table], [name]: [recorded[table]![name]!].flat().map((value) => value * factor) },
});

Deno.test("what the last step has left is within where it is what is recorded", async () => {
  assert.deepEqual(await out({}), []);
});

Deno.test("an update's norm is held to the small cases' floor, of ResNet-50 the median alone", async () => {
  const wrong = times("update_norm", names.weight, 1.002);
  assert.deepEqual(await out(wrong), ["update norms: median of all", `update norm: ${names.weight}`]);
  assert.deepEqual(await out(wrong, { floors: publishedFloors }), []);
  const far = times("update_norm", names.weight, 1.1);
  assert.deepEqual(await out(far, { floors: publishedFloors }), ["update norms: median of all"]);
  assert.deepEqual(await out(far, { dev: { update_norm_max_rel: 0.04, update_norm_median_rel: 0.04 } }), []);
});

Deno.test("what is not to move must not move at all", async () => {
  const still = tensor((i) => i === 3 ? 0.5 + 2 ** -24 : 0.5);
  const end = { now: new Map([...now, [names.still, still]]) };
  for (const floors of [smallFloors, publishedFloors]) {
    assert.deepEqual(await out({}, { floors, end }), [`update norm: ${names.still}`]);
  }
});

Deno.test("statistics are held by entries and by their sums, whose signs cancel", async () => {
  assert.deepEqual(await out(times("running", names.mean, 1.001)), [`running statistics: ${names.mean}`]);
  const [sum, ...two] = recorded.buffers![names.mean] as number[];
  const shifted = { buffers: { [names.mean]: [sum! + 1, ...two] } };
  assert.deepEqual(await out(shifted), [`running statistics: ${names.mean} sum`]);
  assert.deepEqual(await out(shifted, { dev: { buffers_max_rel: 1e-3 } }), []);
});

Deno.test("an average's parameters are held to 1e-5, whatever they are", async () => {
  const wrong = times("teacher_sample", names.weight, 1 + 2e-5);
  assert.deepEqual(await out(wrong), [`parameters: ${names.weight}`]);
  assert.deepEqual(await out(times("teacher_sample", names.weight, 1 + 5e-6)), []);
});

Deno.test("as many passes have moved the statistics as are recorded", async () => {
  assert.deepEqual(await out({ num_batches_tracked: { student: 3 } }), []);
  assert.deepEqual(await out({ num_batches_tracked: { student: [3, 3] } }), [
    "count: num_batches_tracked student",
  ]);
  assert.deepEqual(await out({ num_batches_tracked: { teacher: 1 } }), [
    "count: num_batches_tracked teacher",
  ]);
  const wrong = { num_batches_tracked: { student: [9, 9] } };
  assert.deepEqual(await out(wrong, { unread: { num_batches_tracked: "said in the test" } }), []);
});
