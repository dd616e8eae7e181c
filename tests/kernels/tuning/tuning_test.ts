import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { MAX_GROUPS, MAX_LOOP_ITERATIONS } from "../../../kernels/shader/kernel.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { convolution, convolutionKernels } from "../../../kernels/ops/convolution/convolution.ts";
import { compile } from "../../../kernels/program/program.ts";
import {
  convolutionOutput,
  type ConvolutionShape,
} from "../../../kernels/reference/convolution/convolution.ts";
import type { Sharing } from "../../../kernels/sharing.ts";
import { makeTensor, type Precision } from "../../../kernels/tensor.ts";
import { type Choice, launchable, nearestPower, tuned, type Tuning } from "../../../kernels/tuning/tuning.ts";
import { gpuTest, halfTest, store, uniform } from "../../support/gpu.ts";

const plain = { stride: 1, padding: 1, dilation: 1 };
const shapes: Record<string, ConvolutionShape> = {
  "3×3 on primes": { x: [2, 7, 11, 37], taps: 3, outputs: 70, ...plain },
  "3×3 to few channels": { x: [2, 9, 7, 20], taps: 3, outputs: 12, ...plain },
  "stem, stride 2": { x: [2, 17, 13, 3], taps: 3, outputs: 21, ...plain, stride: 2 },
  "stride 2, even extents": { x: [2, 10, 8, 16], taps: 3, outputs: 33, ...plain, stride: 2 },
  "1×1 of many channels": { x: [3, 5, 5, 200], taps: 1, outputs: 130, ...plain, padding: 0 },
  "taps that see part of the map": {
    x: [3, 9, 7, 76],
    taps: 3,
    outputs: 20,
    ...plain,
    padding: 6,
    dilation: 6,
  },
  "dilation beyond the map": { x: [2, 5, 6, 8], taps: 3, outputs: 5, stride: 1, padding: 18, dilation: 18 },
};

/** A convolution with its gradients, captured; its operands lie on the device. */
function captured(
  device: Device,
  shape: ConvolutionShape,
  { sharing, precision = "f32" }: { sharing: Sharing; precision?: Precision },
) {
  const { x: extents, taps, outputs } = shape;
  const weightShape = [taps, taps, extents[3], outputs];
  const specs = [
    { label: "x", shape: extents, dtype: precision },
    { label: "w", shape: weightShape, layout: "kernel" as const },
    { label: "dw", shape: weightShape, layout: "kernel" as const },
    { label: "dy", shape: convolutionOutput(shape), dtype: precision },
  ];
  const memory = allocate(device, "operands", specs);
  const [x, w, dw, dy] = memory.tensors;
  [x!, w!, dy!].forEach((tensor, i) => {
    const count = tensor.shape.reduce((a, b) => a * b, 1);
    const values = store(uniform(i + 1, count), tensor.shape, tensor.layout);
    upload(
      device,
      tensor,
      tensor.dtype === "f16" ? new Uint32Array(Float16Array.from(values).buffer) : values,
    );
  });
  const graph = new Graph(sharing, { precision });
  const weight = makeTensor({ ...w!, tracked: true, gradient: dw! });
  const input = makeTensor({ ...x!, tracked: true });
  const y = graph.keep(convolution(graph, input, weight, shape));
  const gradients = graph.backward([[y, dy!]], (a, b) => add(graph, a, b));
  const dx = graph.keep(gradients.get(input)!);
  return { graph, results: { y, dx, dw: dw! }, free: memory.free };
}

/** Runs it by a tuning; gives the bytes of output and gradients. */
async function run(
  device: Device,
  { graph, results: { y, dx, dw } }: ReturnType<typeof captured>,
  tuning: Tuning,
) {
  const program = compile(device, graph, undefined, { tuning });
  // What is not written must not pass for what the run before has written there.
  upload(device, dw, new Float32Array(dw.bytes / 4).fill(7));
  program.run();
  const read = await readBack(device, [program.locate(y), program.locate(dx), dw]);
  const names = program.dispatches.filter(({ choice }) => choice).map((
    { kernel, constants, textures = [] },
  ) => `${kernel.name} ${textures} ${JSON.stringify(constants)}`);
  program.free();
  return { bytes: read.map(({ buffer }) => new Uint8Array(buffer)), names };
}

/** For each position the tuning that takes the candidate there, or the last one, in every bucket. */
function tunings(graph: Graph): Tuning[] {
  const choices = graph.dispatches.flatMap(({ choice }) => choice ? [choice] : []);
  const most = Math.max(...choices.map(({ candidates }) => candidates.length));
  return Array.from(
    { length: most },
    (_, i) =>
      new Map(choices.map(({ bucket, candidates: all }) => [bucket, all[Math.min(i, all.length - 1)]!.name])),
  );
}

async function sameBytes(
  device: Device,
  shape: ConvolutionShape,
  sharing: Sharing,
  precision: Precision = "f32",
): Promise<void> {
  const capture = captured(device, shape, { sharing, precision });
  const untuned = await run(device, capture, new Map());
  assert.ok(
    untuned.bytes.every((bytes) => bytes.some((byte) => byte !== 0)),
    "there is something to compare",
  );
  const seen = new Set(untuned.names);
  for (const tuning of tunings(capture.graph)) {
    const { bytes, names } = await run(device, capture, tuning);
    names.forEach((name) => seen.add(name));
    ["y", "dx", "dw"].forEach((what, i) => {
      assert.deepEqual(bytes[i], untuned.bytes[i], `${what} by ${names.join("; ")}`);
    });
  }
  const offered = capture.graph.dispatches.reduce(
    (sum, { choice }) => sum + (choice?.candidates.length ?? 0),
    0,
  );
  assert.equal(seen.size, offered, "every candidate ran");
  assert.ok(offered > 3, "there is a choice");
  capture.free();
}

gpuTest(
  "all tiles of a convolution give the same bytes, and those whose operand is a texture",
  async (device) => {
    const shape = { x: [2, 17, 19, 68] as const, taps: 3, outputs: 70, ...plain };
    const { graph, free } = captured(device, shape, { sharing: 16 });
    assert.deepEqual(graph.dispatches.flatMap(({ textures = [] }) => textures).sort(), [
      "gradient",
      "source",
      "source",
      "source",
      "weight",
      "weight",
    ]);
    free();
    await sameBytes(device, shape, device.facts.sharing);
  },
);

for (const [name, shape] of Object.entries(shapes)) {
  gpuTest(`all tiles of a convolution give the same bytes: ${name}`, async (device) => {
    await sameBytes(device, shape, device.facts.sharing);
  });
}

halfTest("and with activations stored in f16", async (device) => {
  await sameBytes(device, shapes["3×3 to few channels"]!, device.facts.sharing, "f16");
});

gpuTest("and where nothing is shared", async (device) => {
  await sameBytes(device, shapes["3×3 on primes"]!, 0);
});

gpuTest("and all blocks of a GPU's workgroups", async (device) => {
  // Software takes seconds to compile a shader with barriers: one shape, small, whose axes want blocks of all shapes.
  await sameBytes(device, { x: [2, 3, 5, 68], taps: 1, outputs: 132, ...plain, padding: 0 }, "workgroup");
});

gpuTest("splits of a weight gradient follow from its shape, whatever is tuned", (device) => {
  for (const sharing of [0, 8, 16, "workgroup"] as const) {
    const { graph, free } = captured(device, { x: [4, 33, 40, 32], taps: 3, outputs: 64, ...plain }, {
      sharing,
    });
    const { choice, writes: [partials] } = graph.dispatches.find(({ kernel }) => /weight/.test(kernel.name))!;
    assert.ok(partials!.shape[0]! > 1);
    for (const { name, groups } of choice!.candidates) assert.equal(groups[2], partials!.shape[0], name);
    free();
  }
});

Deno.test("a tuning changes a launch only where it names one of its candidates", () => {
  const [kernel] = convolutionKernels;
  const candidate = (name: string, size: number) =>
    ({ name, kernel: kernel!, constants: { SIZE: size }, groups: [size, 1, 1], loops: size }) as const;
  const choice = { bucket: "b", candidates: [candidate("small", 1), candidate("large", 2)] as const };
  const launch = { ...choice.candidates[0], label: "kept", choice };
  assert.equal(tuned(launch, new Map()), launch);
  assert.equal(tuned(launch, new Map([["b", "gone"], ["c", "large"]])), launch);
  const { constants, groups, label } = tuned(launch, new Map([["b", "large"]]));
  assert.deepEqual({ constants, groups, label }, {
    constants: { SIZE: 2 },
    groups: [2, 1, 1],
    label: "kept",
  });
  const { choice: _, ...plain } = launch;
  assert.equal(tuned<typeof plain & { choice?: Choice }>(plain, new Map([["b", "large"]])), plain);
  const tooMany = candidate("too many", MAX_GROUPS + 1),
    tooLong = { ...candidate("too long", 1), loops: MAX_LOOP_ITERATIONS + 1 };
  assert.deepEqual(
    launchable([candidate("small", 1), tooMany, tooLong, candidate("large", 2)]).map(({ name }) => name),
    [
      "small",
      "large",
    ],
  );
  assert.deepEqual(launchable([tooMany]), [tooMany]);
});

Deno.test("extents fall into buckets by their nearest power of two", () => {
  assert.deepEqual([1, 2, 3, 5, 6, 76, 1000].map(nearestPower), [1, 2, 4, 4, 8, 64, 1024]);
});
