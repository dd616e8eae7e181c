import { strict as assert } from "node:assert";
import { mixBoxes } from "../../../kernels/reference/map/mix_boxes.ts";
import { toggledBoxes } from "../../../stages/parity/methods/cps.ts";
import {
  caseBoxes,
  caseImage,
  caseLabels,
  caseValidity,
  caseWeights,
  cornerBoxes,
  hashed,
  keptChannels,
  neighborWeights,
  sampledPositions,
} from "../../../stages/parity/inputs.ts";

const extents = { batch: 4, size: 65 };
const at = (b: number, c: number, y: number, x: number) => ((b * 65 + y) * 65 + x) * 4 + c;

Deno.test("the hash and the weights made of it are those that were published", () => {
  const u = hashed("", "branch1.classifier.weight");
  const published = [0.6177453121636063, 0.9296915477607399, 0.07416083756834269, 0.9908736606594175];
  assert.deepEqual([0, 1, 2, 3].map(u), published);
  const name = "branch1.backbone.conv1.0.weight";
  const state = caseWeights("", [{ name, shape: [64, 3, 3, 3] }]);
  const first = [-0.45496538281440735, 0.47111913561820984, 0.10705109685659409, -0.4636663794517517];
  assert.deepEqual([...state.get(name)!.values.slice(0, 4)], first);
});

Deno.test("neighboring weights are the next numbers of single precision, up and down; zeros and statistics stay", () => {
  const values = () => Float32Array.from({ length: 256 }, (_, i) => i === 7 ? 0 : (i - 128.5) / 3);
  const weights = new Map(["w", "s"].map((name) => [name, { shape: [256], values: values() }]));
  const moved = neighborWeights("t", 1, weights, [{ name: "w" }]);
  assert.deepEqual([weights.get("w")!.values, moved.get("s")!.values], [values(), values()]);
  const steps = Array.from(moved.get("w")!.values, (value, i) => {
    const before = values()[i]!, low = Math.min(value, before), high = Math.max(value, before);
    if (low === high) return 0;
    const middle = Math.fround((low + high) / 2);
    assert.ok(middle === low || middle === high, `${low} to ${high}`);
    return Math.sign(value - before);
  });
  assert.deepEqual(steps.flatMap((step, i) => step === 0 ? [i] : []), [7]);
  const up = steps.filter((step) => step > 0).length;
  assert.ok(up > 64 && up < 192, `${up}`);
  assert.notDeepEqual(neighborWeights("t", 2, weights, [{ name: "w" }]).get("w"), moved.get("w"));
});

Deno.test("statistics start at 0 and 1; biases and the weights of norms lie within a tenth of 0 and 1", () => {
  const names = ["bn.running_mean", "bn.running_var", "bn.bias", "bn.weight"];
  const state = caseWeights("s", names.map((name) => ({ name, shape: [256] })));
  const values = (name: string) => [...state.get(name)!.values];
  assert.ok(values("bn.running_mean").every((value) => value === 0));
  assert.ok(values("bn.running_var").every((value) => value === 1));
  for (const [name, center] of [["bn.bias", 0], ["bn.weight", 1]] as const) {
    const off = values(name).map((value) => Math.abs(value - center));
    assert.ok(Math.max(...off) <= 0.1 + 1e-7 && Math.max(...off) > 0.09, name);
  }
  assert.notDeepEqual(
    caseWeights("t", [{ name: "bn.bias", shape: [256] }]).get("bn.bias"),
    state.get("bn.bias"),
  );
});

Deno.test("hashed statistics are those that were published; a copy has its source's values", () => {
  const names = ["student", "teacher"].flatMap((network) =>
    ["mean", "var"].map((what) => `${network}.backbone.bn1.running_${what}`)
  );
  const specs = names.map((name) => ({ name, shape: [128] }));
  const laws = { residualGamma: 0.25, buffers: "hash" } as const;
  const first = (state: ReturnType<typeof caseWeights>) =>
    names.map((name) => [...state.get(name)!.values.subarray(0, 2)]);
  const student = [[-0.023002196103334427, 0.02758033014833927], [0.8737885355949402, 0.9067578911781311]];
  const own = first(caseWeights("", specs, laws));
  assert.deepEqual(own.slice(0, 2), student);
  assert.notDeepEqual(own.slice(2), student);
  const copied = first(
    caseWeights("", specs, { ...laws, hashedAs: (name) => name.replace("teacher.", "student.") }),
  );
  assert.deepEqual(copied, [...student, ...student]);
});

Deno.test("images are those that were published", () => {
  const image = caseImage("", "labelled:0", extents);
  assert.deepEqual([0, 1, 2].map((x) => image[at(0, 0, 0, x)]), [
    0.01805761829018593,
    -0.32291215658187866,
    -0.13044551014900208,
  ]);
  assert.equal(image[at(1, 2, 10, 20)], -0.2213905304670334);
  assert.equal(image[at(3, 2, 64, 64)], 0.8281060457229614);
  assert.equal(image[at(3, 3, 64, 64)], 0, "the padding channel");
  const corners = (name: string) => {
    const found = caseImage("", `${name}:0`, extents);
    return [found[at(0, 0, 0, 0)], found[at(3, 2, 64, 64)]];
  };
  assert.deepEqual(corners("strong"), [0.7301764488220215, 1.0973217487335205]);
  assert.deepEqual(corners("strong_mix"), [-0.5940577387809753, 0.5875903964042664]);
  assert.deepEqual(corners("unlabelled_mix"), [1.1850594282150269, 0.5381361842155457]);
});

Deno.test("labels are those that were published", () => {
  const labels = caseLabels("", "mask:0", extents, 21);
  assert.deepEqual([labels[0], labels[20 * 65 + 40], labels.at(-1)], [1, 255, 3]);
  assert.equal(labels.filter((label) => label === 255).length, 768);
  assert.equal(labels.filter((label) => label !== 255).reduce((sum, label) => sum + label, 0), 168866);
});

Deno.test("two images have padding, at the right and at the bottom", () => {
  const validity = caseValidity(extents);
  const of = (b: number) => validity.subarray(b * 65 * 65, (b + 1) * 65 * 65);
  const padded = [0, 1, 2, 3].map((b) => of(b).filter((value) => value === 0).length);
  assert.deepEqual(padded, [0, 10 * 65, 7 * 65, 0]);
  assert.deepEqual([of(1)[54], of(1)[55], of(2)[57 * 65], of(2)[58 * 65]], [1, 0, 1, 0]);
});

Deno.test("boxes have the published corners, and none is of negative height", () => {
  const table = [[2, 5, 22, 35, 1], [6, 8, 29, 34, 0]].flatMap((row) => [...row, 0, 0, 0]);
  assert.deepEqual([...caseBoxes({ batch: 2, size: 65 })], table);
  const tall = caseBoxes({ batch: 12, size: 65 });
  for (let b = 0; b < 12; b++) assert.ok(tall[8 * b + 3]! >= tall[8 * b + 1]!, `box ${b}`);
});

Deno.test("a residual gamma and hashed statistics are those that were published", () => {
  const gamma = "branch2.backbone.layer4.2.bn3.weight",
    laws = { residualGamma: 0.25, buffers: "hash" } as const;
  const names = [gamma, "branch1.fuse.1.weight", "branch1.fuse.1.running_mean", "branch1.fuse.1.running_var"];
  const state = caseWeights("", names.map((name) => ({ name, shape: [256] })), laws);
  const [first, second] = state.get(gamma)!.values;
  assert.deepEqual([first, second], [0.257971853017807, 0.23305407166481018].map(Math.fround));
  const [, plain, mean, variance] = names.map((name) => [...state.get(name)!.values]);
  assert.ok(plain!.every((value) => Math.abs(value - 1) <= 0.1 + 1e-7), "other norms keep theirs");
  const u = hashed("", names[2]!), v = hashed("", names[3]!);
  assert.deepEqual(mean!.slice(0, 3), [0, 1, 2].map((i) => Math.fround(0.1 * (2 * u(i) - 1))));
  assert.deepEqual(variance!.slice(0, 3), [0, 1, 2].map((i) => Math.fround(0.75 + 0.5 * v(i))));
});

Deno.test("boxes that toggle leave the published areas, and the second draw has the published pixels", () => {
  const zeros = new Uint32Array(4 * 65 * 65), ones = zeros.map(() => 1);
  const mask = mixBoxes(zeros, [4, 65, 65, 1], toggledBoxes({ batch: 4 }), ones);
  const areas = [0, 1, 2, 3].map((b) =>
    mask.slice(b * 65 * 65, (b + 1) * 65 * 65).reduce((sum, value) => sum + value, 0)
  );
  assert.deepEqual(areas, [783, 806, 825, 864]);
  const image = caseImage("", "unlabelled_mix:0", extents);
  assert.deepEqual(
    [image[at(0, 0, 0, 0)], image[at(3, 2, 64, 64)]],
    [1.1850594282150269, 0.5381361842155457].map(Math.fround),
  );
});

Deno.test("the boxes' areas, and the channels that a dropout keeps, are those that were published", () => {
  const areas = cornerBoxes({ batch: 4 }).map(([box]) => (box!.x1 - box!.x0) * (box!.y1 - box!.y0));
  assert.deepEqual(areas, [600, 598, 572, 522]);
  const kept = (name: string, channels: number, first = 0) =>
    keptChannels("", name, { first, batch: 8 - first, channels, probability: 0.5 });
  const counts = [["drop:0:c1", 256], ["drop:0:c4", 2048], ["drop:1:c1", 256], ["drop:1:c4", 2048]] as const;
  assert.deepEqual(counts.map(([name, channels]) => kept(name, channels).filter(Boolean).length), [
    1033,
    8122,
    1037,
    8228,
  ]);
  assert.deepEqual(kept("drop:0:c1", 256).slice(0, 8).map(Number), [0, 0, 0, 1, 0, 1, 1, 1]);
  assert.deepEqual(kept("drop:0:c4", 2048, 7).slice(0, 8).map(Number), [0, 1, 1, 0, 0, 0, 0, 0]);
  const most = keptChannels("", "x", { first: 0, batch: 4, channels: 1000, probability: 0.1 });
  assert.ok(Math.abs(most.filter(Boolean).length / 4000 - 0.9) < 0.02);
});

Deno.test("sampled positions lie within a tensor", () => {
  const positions = sampledPositions("", "sample:logits", 64, 21);
  assert.equal(positions.length, 64);
  assert.ok(positions.every((position) => Number.isInteger(position) && position >= 0 && position < 21));
});
