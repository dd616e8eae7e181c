import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { contrastMembers, type MemberOptions } from "../../../../kernels/ops/contrast/members.ts";
import { members, type MembersCase } from "../../../../kernels/reference/contrast/members.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

type Pair = readonly [height: number, width: number];

const cases: readonly (readonly [batch: number, stored: Pair, image: Pair, classes: number])[] = [
  [1, [1, 1], [1, 1], 2],
  [2, [5, 3], [17, 9], 21],
  [3, [7, 9], [7, 9], 5],
  [2, [43, 3], [171, 10], 8],
];

const options: Omit<MemberOptions, "planes" | "keys"> = {
  lowRank: 1,
  highRank: 4,
  anchor: 0.2,
  negative: 0.9,
};

for (const planes of ["first image", "each image"] as const) {
  for (const keys of ["of the class", "any"] as const) {
    gpuTest(`contrastMembers() by ${planes}, keys ${keys}`, async (device, t) => {
      const met = new Set<number>();
      for (const [batch, stored, image, classes] of cases) {
        await t.step(`${batch} of [${image}], stored [${stored}], ${classes} classes`, async () => {
          const pixels = batch * stored[0] * stored[1], all = batch * image[0] * image[1];
          const scores = (seed: number) =>
            // Of few values, so that ranks tie.
            uniform(seed, pixels * classes, -3, 3).map((x) => Math.round(4 * x) / 4);
          const labels = (seed: number) =>
            uniform(seed, all, -0.2, 1).map((x) => x < 0 ? 255 : Math.floor(x * Math.min(classes, 4)));
          const entropy = Float32Array.from(uniform(5, all, 0, 3));
          const low = entropy[Math.floor(all / 3)]!, high = entropy[Math.floor(all / 2)]!;
          const map = { shape: [batch, ...image], layout: "map" } as const;
          const given = {
            x: { shape: [batch, ...stored, classes], values: scores(1) },
            u: { shape: [batch, ...stored, classes], values: scores(2) },
            labels: { ...map, values: labels(3), dtype: "u32" },
            pseudo: { ...map, values: labels(4), dtype: "u32" },
            entropy: { ...map, values: entropy },
            limits: { shape: [1, 1, 4], values: [0, low, 0, high], layout: "map" },
          } as const;
          const { outputs } = await runOp(
            device,
            given,
            (graph, { x, u, labels, pseudo, entropy, limits }) => [
              contrastMembers(
                graph,
                { logits: x, labels },
                {
                  logits: u,
                  labels: pseudo,
                  entropy,
                  low: { tensor: limits, index: 1 },
                  high: { tensor: limits, index: 3 },
                },
                { ...options, planes, keys },
              ),
            ],
          );
          const common: MembersCase = { ...options, batch, stored, image, classes, planes, keys };
          const first = members(given.x.values, given.labels.values, common);
          const second = members(given.u.values, given.pseudo.values, {
            ...common,
            unsure: { entropy, low, high },
          });
          const expected = first.map((row, c) => [...row, ...second[c]!]);
          assert.deepEqual([...outputs[0]!], expected.flat());
          for (const flags of expected.flat()) met.add(flags);
        });
      }
      for (const flags of [0, 1, 3, 4]) assert.ok(met.has(flags), `no pixel is ${flags}`);
    });
  }
}

Deno.test("contrastMembers() refuses what does not suit", () => {
  const map = (dtype: "u32" | "f32", shape = [2, 9, 9]) =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  const logits = (shape = [2, 3, 3, 5]) => makeTensor({ label: "logits", shape });
  const scalar = { tensor: map("f32", [1, 1, 4]), index: 0 };
  const of = (x = {}, u = {}) =>
    contrastMembers(
      new Graph(0),
      { logits: logits(), labels: map("u32"), ...x },
      { logits: logits(), labels: map("u32"), entropy: map("f32"), low: scalar, high: scalar, ...u },
      { ...options, planes: "each image", keys: "any" },
    );
  of();
  assert.throws(() => of({ logits: logits([1, 3, 3, 5]) }), /the shapes must be equal/);
  assert.throws(() => of({ labels: map("u32", [2, 2, 9]) }), /of as many pixels at least/);
  assert.throws(() => of({}, { labels: map("f32") }), /a u32 map \[2,9,9\] is needed/);
  assert.throws(() => of({}, { entropy: map("f32", [2, 8, 9]) }), /a f32 map \[2,9,9\] is needed/);
  assert.throws(() => of({}, { low: { ...scalar, index: 4 } }), /Cannot look up the threshold 4/);
});
