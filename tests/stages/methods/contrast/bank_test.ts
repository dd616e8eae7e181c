import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { UserError } from "../../../../pipeline/mod.ts";
import { bankOf, bankState, keepKeys } from "../../../../stages/methods/contrast/bank.ts";

const home = { buffer: {} as GPUBuffer, offset: 0 };

/** What a step is given of a declared state. */
function heldState(specs: ReturnType<typeof bankState>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(specs).map(([label, { shape, dtype = "f32" }]) =>
      [label, makeTensor({ label, shape, dtype, layout: "map", home })] as const
    ),
  );
}

Deno.test("a bank is a queue of each class in the state, beside others, and is found by its name", () => {
  const specs = bankState("keys", { features: 8, sizes: [50, 30, 30], precision: "f16" });
  assert.deepEqual(Object.keys(specs), ["keysCursors", "keysPushed", "keys0", "keys1", "keys2"]);
  assert.deepEqual(specs.keys1, { shape: [1, 30, 8], dtype: "f16", layout: "map", fold: { bank: "keys" } });
  const state = heldState({ ...bankState("others", { features: 4, sizes: [9] }), ...specs });
  const bank = bankOf({ state }, "keys");
  assert.deepEqual([bank.cursors.label, bank.queues.map(({ label }) => label)], ["keysCursors", [
    "keys0",
    "keys1",
    "keys2",
  ]]);
  assert.equal(bankOf({ state }, "others").queues.length, 1);
  assert.throws(
    () => bankOf({ state }, "key"),
    (error) =>
      error instanceof UserError &&
      /Cannot use the bank "key": the method's state has none. Write state: \(\) => bankState\("key", …\)/
        .test(
          error.message,
        ),
  );
});

Deno.test("keys go into the queue of their class, one after another", () => {
  const graph = new Graph(0), image = makeTensor({ label: "rep", shape: [2, 3, 3, 8], home });
  const map = (label: string, shape: number[]) =>
    makeTensor({ label, shape, dtype: "u32", layout: "map", home });
  const bank = bankOf({ state: heldState(bankState("keys", { features: 8, sizes: [50, 30] })) }, "keys");
  const keys = { places: map("places", [1, 2, 36]), counts: map("counts", [1, 1, 2]) };
  keepKeys({ graph }, bank, { x: image, u: image }, keys);
  assert.deepEqual(graph.dispatches.map(({ kernel, writes }) => `${kernel.name} ${writes[0]!.label}`), [
    "bank_push keys0",
    "bank_advance keysCursors",
    "bank_push keys1",
    "bank_advance keysCursors",
  ]);
});
