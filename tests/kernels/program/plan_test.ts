import assert from "node:assert/strict";
import { KernelError } from "../../../kernels/errors.ts";
import { type Dispatch, Graph } from "../../../kernels/graph.ts";
import { defineKernel } from "../../../kernels/shader/kernel.ts";
import { type MemoryPlan, type PlanLimits, planMemory } from "../../../kernels/program/plan.ts";
import { RandomStream } from "../../../kernels/random.ts";
import { ALIGNMENT, makeTensor, roundUp, type Tensor } from "../../../kernels/tensor.ts";

const KIB = 1024;

function tensor(label: string, bytes: number): Tensor {
  return makeTensor({ label, shape: [bytes / 4] });
}

/** Dispatches that read and write the given tensors; nothing else of a dispatch matters to a plan. */
function dispatches(
  ...steps: (readonly [reads: readonly Tensor[], writes: readonly Tensor[]])[]
): Dispatch[] {
  return steps.map(([reads, writes]) => ({
    kernel: defineKernel({ name: "k", source: "", uniforms: {}, reads: {}, writes: {} }),
    reads,
    writes,
    uniforms: {},
    constants: {},
    groups: [1, 1, 1],
    flops: 0,
  }));
}

/** First and last dispatch of each tensor, worked out apart from the planner. */
function lives(steps: readonly Dispatch[], kept: ReadonlySet<Tensor>): Map<Tensor, [number, number]> {
  const lives = new Map<Tensor, [number, number]>();
  for (const [at, { reads, writes }] of steps.entries()) {
    for (const tensor of [...reads, ...writes]) {
      if (!tensor.home) lives.set(tensor, [lives.get(tensor)?.[0] ?? at, at]);
    }
  }
  for (const tensor of kept) if (lives.has(tensor)) lives.set(tensor, [lives.get(tensor)![0], steps.length]);
  return lives;
}

const ROOMY: PlanLimits = { bufferBytes: 2 ** 30, windowBytes: 2 ** 30 };

/** Asserts that a plan is sound; returns how many pairs of tensors are alive together. */
function check(
  plan: MemoryPlan,
  steps: readonly Dispatch[],
  kept: ReadonlySet<Tensor>,
  { bufferBytes, windowBytes }: PlanLimits = ROOMY,
): number {
  const alive = [...lives(steps, kept)];
  /** Where a tensor lies; in windows where it is larger than a buffer. */
  const partsOf = (tensor: Tensor) => {
    const places = plan.places.get(tensor)!, [{ arena, offset }] = places;
    if (tensor.bytes <= bufferBytes) {
      assert.equal(places.length, 1);
      return [{ arena, offset, end: offset + tensor.bytes }];
    }
    assert.equal(places.length, Math.ceil(tensor.bytes / windowBytes));
    return places.map(({ arena, offset }, i) => ({
      arena,
      offset,
      end: offset + Math.min(windowBytes, tensor.bytes - i * windowBytes),
    }));
  };
  assert.equal(plan.places.size, alive.length);
  let pairs = 0;
  for (const [i, [a, [first, last]]] of alive.entries()) {
    const parts = partsOf(a);
    for (const [i, part] of parts.entries()) {
      assert.equal(part.offset % ALIGNMENT, 0);
      assert.ok(part.end <= plan.arenas[part.arena]!, `${a.label} ends within its arena`);
      for (const other of parts.slice(i + 1)) assert.ok(isApart(part, other), `${a.label} overlaps itself`);
    }
    for (const [b, [otherFirst, otherLast]] of alive.slice(i + 1)) {
      if (first > otherLast || otherFirst > last) continue;
      pairs++;
      const apart = parts.every((part) => partsOf(b).every((other) => isApart(part, other)));
      assert.ok(apart, `${a.label} and ${b.label} are alive at once and overlap`);
    }
  }
  let busiest = 0;
  for (let at = 0; at <= steps.length; at++) {
    const now = alive.filter(([, [first, last]]) => first <= at && at <= last);
    busiest = Math.max(busiest, now.reduce((sum, [t]) => sum + roundUp(t.bytes, ALIGNMENT), 0));
  }
  assert.equal(plan.lowerBound, busiest);
  assert.ok(plan.arenas.reduce((a, b) => a + b, 0) >= busiest, "no plan is below the lower bound");
  return pairs;
}

interface Part {
  readonly arena: number;
  readonly offset: number;
  readonly end: number;
}

function isApart(a: Part, b: Part): boolean {
  return a.arena !== b.arena || a.end <= b.offset || b.end <= a.offset;
}

Deno.test("planMemory() never lets tensors overlap that are alive at once, in 200 random graphs", () => {
  let pairs = 0, reused = 0;
  for (let seed = 0; seed < 200; seed++) {
    const random = new RandomStream({ seed, stream: "graphs" });
    const pick = (count: number) => random.integer(0, count - 1);
    const made: Tensor[] = [];
    const steps: (readonly [Tensor[], Tensor[]])[] = [];
    for (let at = 0; at < 30; at++) {
      const reads = made.length ? Array.from({ length: 1 + pick(3) }, () => made[pick(made.length)]!) : [];
      const writes = Array.from(
        { length: 1 + pick(2) },
        (_, i) => tensor(`${at}.${i}`, 16 * (1 + pick(300))),
      );
      // Some tensors are written again: sums that several launches add to.
      if (made.length && pick(4) === 0) writes.push(made[pick(made.length)]!);
      made.push(...writes.filter((t) => !made.includes(t)));
      steps.push([reads, writes]);
    }
    const kept = new Set(made.filter(() => pick(8) === 0));
    const limits = [
      ROOMY,
      { bufferBytes: 8 * KIB, windowBytes: 8 * KIB },
      { bufferBytes: 2 * KIB, windowBytes: 1.5 * KIB },
    ][pick(3)]!;
    const graph = dispatches(...steps);
    const plan = planMemory(graph, kept, limits);
    pairs += check(plan, graph, kept, limits);
    assert.ok(plan.arenas.every((bytes) => bytes <= limits.bufferBytes));
    const all = made.reduce((sum, t) => sum + roundUp(t.bytes, ALIGNMENT), 0);
    if (plan.arenas.reduce((a, b) => a + b, 0) < all) reused++;
  }
  assert.ok(pairs > 10_000, `${pairs} pairs were looked at`);
  assert.equal(reused, 200, "memory is used again in every graph");
});

Deno.test("planMemory() lets a chain live in two places, which is its lower bound", () => {
  const chain = Array.from({ length: 10 }, (_, i) => tensor(`${i}`, 4 * KIB));
  const graph = dispatches(...chain.map((t, i) => [i ? [chain[i - 1]!] : [], [t]] as const));
  const plan = planMemory(graph, new Set(), ROOMY);
  check(plan, graph, new Set());
  assert.deepEqual(plan.arenas, [8 * KIB]);
  assert.equal(plan.lowerBound, 8 * KIB);
});

Deno.test("planMemory() keeps a kept tensor to the end, whatever comes after it", () => {
  const chain = Array.from({ length: 10 }, (_, i) => tensor(`${i}`, 4 * KIB));
  const graph = dispatches(...chain.map((t, i) => [i ? [chain[i - 1]!] : [], [t]] as const));
  const kept = new Set([chain[2]!, chain[9]!]);
  const plan = planMemory(graph, kept, ROOMY);
  check(plan, graph, kept);
  assert.equal(plan.lowerBound, 12 * KIB);
});

Deno.test("planMemory() splits the workspace where one buffer may not be as large", () => {
  const all = Array.from({ length: 5 }, (_, i) => tensor(`${i}`, 4 * KIB));
  const graph = dispatches([[], all]);
  const plan = planMemory(graph, new Set(), { bufferBytes: 10 * KIB, windowBytes: 10 * KIB });
  check(plan, graph, new Set());
  assert.deepEqual(plan.arenas, [8 * KIB, 8 * KIB, 4 * KIB]);
});

Deno.test("planMemory() lays a tensor that is larger than a buffer in windows, in whatever buffers have room", () => {
  const small = tensor("small", KIB), large = tensor("large", 15 * KIB);
  const limits = { bufferBytes: 8 * KIB, windowBytes: 6 * KIB }, graph = dispatches([[], [small, large]]);
  const plan = planMemory(graph, new Set(), limits);
  check(plan, graph, new Set(), limits);
  assert.deepEqual(plan.arenas, [7 * KIB, 6 * KIB, 3 * KIB]);
  assert.deepEqual(plan.places.get(large)!.map(({ arena }) => arena), [0, 1, 2]);
});

Deno.test("planMemory() gives no place to tensors with a home, and none to an empty graph", () => {
  const home = { buffer: {} as GPUBuffer, offset: 0 };
  const resident = makeTensor({ label: "weights", shape: [4], home });
  const plan = planMemory(dispatches([[resident], [tensor("y", KIB)]]), new Set(), ROOMY);
  assert.equal(plan.places.has(resident), false);
  assert.deepEqual(plan.arenas, [KIB]);
  assert.deepEqual(planMemory([], new Set(), ROOMY), { places: new Map(), arenas: [], lowerBound: 0 });
});

Deno.test("planMemory() refuses a graph that reads what it has not written", () => {
  const graph = dispatches([[], [tensor("a", KIB)]], [[tensor("lost", KIB)], [tensor("b", KIB)]]);
  assert.throws(
    () => planMemory(graph, new Set(), ROOMY),
    (error) => error instanceof KernelError && /memory of lost: kernel "k" reads it/.test(error.message),
  );
});

Deno.test("planMemory() places equal graphs equally", () => {
  const build = () => {
    const graph = new Graph(0);
    const tensors = Array.from({ length: 6 }, (_, i) => graph.tensor({ label: `${i}`, shape: [1 + i % 2] }));
    return { tensors, plan: planMemory(dispatches([[], tensors]), new Set(), ROOMY) };
  };
  const [a, b] = [build(), build()];
  assert.deepEqual(a.tensors.map((t) => a.plan.places.get(t)), b.tensors.map((t) => b.plan.places.get(t)));
});
