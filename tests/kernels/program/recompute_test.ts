import assert from "node:assert/strict";
import type { Dispatch } from "../../../kernels/graph.ts";
import { defineKernel } from "../../../kernels/shader/kernel.ts";
import { planMemory } from "../../../kernels/program/plan.ts";
import { RandomStream } from "../../../kernels/random.ts";
import { recompute } from "../../../kernels/program/recompute.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";

const KIB = 1024;
const kernel = (name: string, recomputable: boolean) =>
  defineKernel({ name, source: "", uniforms: {}, reads: {}, writes: {}, recomputable });
const costly = kernel("costly", false), cheap = kernel("cheap", true);

function tensor(label: string, bytes = 4 * KIB): Tensor {
  return makeTensor({ label, shape: [bytes / 4] });
}

function launch(
  used: typeof cheap,
  reads: readonly Tensor[],
  writes: readonly Tensor[],
): Dispatch {
  return { kernel: used, reads, writes, uniforms: {}, constants: {}, groups: [1, 1, 1], flops: 0 };
}

const names = (steps: readonly Dispatch[]) =>
  steps.map(({ kernel, reads, writes }) =>
    `${kernel.name}: ${reads.map(({ label }) => label)} > ${writes.map(({ label }) => label)}`
  );
const bound = (steps: readonly Dispatch[], kept = new Set<Tensor>()) =>
  planMemory(steps, kept, { bufferBytes: 2 ** 30, windowBytes: 2 ** 30 }).lowerBound;

/** A net of `depth` layers, x → y cheaply → next x, and its way back, which reads each layer's x and y. */
function layers(depth: number, bytes = 4 * KIB): { steps: Dispatch[]; last: Tensor } {
  const steps: Dispatch[] = [], xs: Tensor[] = [], ys: Tensor[] = [];
  for (let i = 0; i < depth; i++) {
    xs.push(tensor(`x${i}`, bytes)), ys.push(tensor(`y${i}`, bytes));
    steps.push(launch(costly, i === 0 ? [] : [ys[i - 1]!], [xs[i]!]), launch(cheap, [xs[i]!], [ys[i]!]));
  }
  let gradient = tensor("d", bytes);
  steps.push(launch(costly, [ys.at(-1)!], [gradient]));
  for (let i = depth - 1; i > 0; i--) {
    const next = tensor(`d${i}`, bytes);
    // The weights' gradient of a layer needs what the layer before gave.
    steps.push(launch(costly, [gradient, xs[i]!, ys[i - 1]!], [next]));
    gradient = next;
  }
  return { steps, last: gradient };
}

Deno.test("recompute() makes idle outputs again just before they are used, from inputs that live anyway", () => {
  const { steps, last } = layers(4), kept = new Set([last]);
  const after = recompute(steps, kept);
  assert.deepEqual(names(after), [
    "costly:  > x0",
    "cheap: x0 > y0",
    "costly: y0 > x1",
    "cheap: x1 > y1",
    "costly: y1 > x2",
    "cheap: x2 > y2",
    "costly: y2 > x3",
    "cheap: x3 > y3",
    "costly: y3 > d",
    // Without y2 the next launch would be as busy as this one is with it.
    "costly: d,x3,y2 > d3",
    "cheap: x1 > y1 again",
    "costly: d3,x2,y1 again > d2",
    // x0 has no other use; keeping it in place of y0 would save nothing.
    "costly: d2,x1,y0 > d1",
  ]);
  assert.ok(bound(after, kept) < bound(steps, kept), `${bound(after, kept)}, ${bound(steps, kept)}`);
});

Deno.test("recompute() nearly halves what a deep chain keeps", () => {
  const { steps, last } = layers(40), kept = new Set([last]);
  const share = bound(recompute(steps, kept), kept) / bound(steps, kept);
  assert.ok(share > 0.5 && share < 0.6, `${share}`);
});

Deno.test("recompute() repeats no kernel that is not marked, none that adds to an output, none of a kept tensor", () => {
  const { steps, last } = layers(6), kept = new Set([last]);
  const plain = steps.map((step) => ({ ...step, kernel: costly }));
  assert.deepEqual(recompute(plain, kept), plain);
  const outputs = steps.filter(({ kernel }) => kernel === cheap).flatMap(({ writes }) => writes);
  assert.deepEqual(recompute(steps, new Set([...kept, ...outputs])), steps);
  const twice = steps.flatMap((step) => step.kernel === cheap ? [step, step] : [step]);
  assert.deepEqual(recompute(twice, kept), twice);
});

Deno.test("recompute() keeps an output whose inputs have changed since, also where only a part of an arena has", () => {
  const { steps, last } = layers(6), kept = new Set([last]);
  const buffer = {} as GPUBuffer;
  const weight = makeTensor({ label: "w", shape: [64], home: { buffer, offset: 256 } });
  const weighted = steps.map((step) =>
    step.kernel === cheap ? { ...step, reads: [...step.reads, weight] } : step
  );
  assert.ok(recompute(weighted, kept).length > weighted.length);
  const middle = weighted.findIndex(({ writes }) => writes[0]!.label === "d");
  for (
    const { offset, length, changes } of [
      { offset: 0, length: 128, changes: true },
      { offset: 512, length: 128, changes: false },
    ]
  ) {
    const written = makeTensor({ label: "arena", shape: [length], home: { buffer, offset } });
    const updated = weighted.toSpliced(middle, 0, launch(costly, [], [written]));
    assert.equal(recompute(updated, kept).length > updated.length, !changes);
  }
});

/** Runs launches on numbers: each writes a function of its kernel and of what it reads. */
function interpret(steps: readonly Dispatch[], wanted: readonly Tensor[]): number[] {
  const memory = new Map<Tensor, number>();
  for (const { kernel, reads, writes } of steps) {
    const read = reads.map((tensor) => {
      assert.ok(memory.has(tensor), `${tensor.label} has been written`);
      return memory.get(tensor)!;
    });
    const sum = read.reduce((sum, value, i) => sum + Math.imul(value, 2 * i + 3), kernel.name.length);
    for (const [i, tensor] of writes.entries()) memory.set(tensor, Math.imul(sum + i, 0x9e3779b1));
  }
  return wanted.map((tensor) => memory.get(tensor)!);
}

Deno.test("recompute() changes no result and never raises the least memory, whatever the graph", () => {
  let repeated = 0;
  for (let seed = 0; seed < 200; seed++) {
    const random = new RandomStream({ seed, stream: "recompute" });
    const below = (count: number) => Math.floor(random.uniform() * count);
    const tensors = [tensor("0")];
    const steps = [launch(costly, [], [tensors[0]!])];
    for (let i = 1; i < 60; i++) {
      const made = tensor(`${i}`, KIB * (1 + below(8)));
      // Mostly recent inputs, and now and then one from far back, as a way back has.
      const reads = Array.from(
        { length: 1 + below(3) },
        () => tensors[below(3) ? Math.max(0, tensors.length - 1 - below(5)) : below(tensors.length)]!,
      );
      // Some write again what is there.
      const writes = [below(12) ? made : tensors[below(tensors.length)]!];
      if (writes[0] === made) tensors.push(made);
      steps.push(launch(below(2) ? cheap : costly, reads, writes));
    }
    const wanted = [tensors.at(-1)!, tensors[below(tensors.length)]!], kept = new Set(wanted);
    const after = recompute(steps, kept);
    repeated += after.length - steps.length;
    assert.deepEqual(interpret(after, wanted), interpret(steps, wanted), `seed ${seed}`);
    assert.ok(bound(after, kept) <= bound(steps, kept), `seed ${seed}`);
  }
  assert.ok(repeated > 100, `${repeated}`);
});
