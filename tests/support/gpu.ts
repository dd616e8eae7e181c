import { type Device, openDevice } from "../../kernels/device.ts";
import { allocate, readBack, upload } from "../../kernels/memory.ts";
import { type GradientPair, Graph, type Share } from "../../kernels/graph.ts";
import { add } from "../../kernels/ops/feature/add.ts";
import { compile } from "../../kernels/program/program.ts";
import type { Gather } from "../../kernels/program/together.ts";
import { parseSharing, type Sharing } from "../../kernels/sharing.ts";
import { type Layout, makeTensor, padded, type Precision, type Tensor } from "../../kernels/tensor.ts";
import { skip, skippedName } from "./skip.ts";

export { uniform } from "./uniform.ts";

let shared: Promise<Device> | undefined;

/** The device all tests of a file share. */
export function testDevice(): Promise<Device> {
  return shared ??= openTestDevice();
}

/** What a device is opened with. */
type DeviceOptions = NonNullable<Parameters<typeof openDevice>[1]>;

/**
 * Opens a device; as for the commands, the environment may name other kernels than its fastest. They are its fastest all the same
 * where the options leave it unable to run those, or say which.
 */
export function openTestDevice(options: DeviceOptions = {}): Promise<Device> {
  const named = parseSharing(Deno.env.get("CROSSVIEW_SHARING"), "CROSSVIEW_SHARING");
  const isUnable = named === "workgroup" ? options.guaranteed : named !== 0 && options.subgroups === false;
  return openDevice(navigator.gpu, { ...(!isUnable && { sharing: named }), ...options });
}

/** Lends a test a device of its own, and closes it. */
export async function withDevice(
  options: DeviceOptions,
  body: (device: Device) => void | Promise<void>,
): Promise<void> {
  const device = await openTestDevice(options);
  try {
    await body(device);
  } finally {
    device.close();
  }
}

/**
 * A test that needs an adapter. The device outlives single tests, so their resources are not counted against them.
 * @param lacks What it needs besides and this machine has not.
 */
export function gpuTest(
  name: string,
  body: (device: Device, t: Deno.TestContext) => void | Promise<void>,
  lacks?: string,
): void {
  Deno.test({
    name: skippedName(name, lacks),
    ignore: lacks !== undefined,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async (t) => await body(await testDevice(), t),
  });
}

/** A test that needs f16, which an adapter grants or does not. */
export function halfTest(
  name: string,
  body: (device: Device, t: Deno.TestContext) => void | Promise<void>,
): void {
  gpuTest(name, async (device, t) => {
    if (!device.facts.features.includes("shader-f16")) return skip(`${device.facts.name} has no f16`);
    await body(device, t);
  });
}

/** Dense values of the given shape → stored values of the layout, padding zero. */
export function store(
  values: ArrayLike<number>,
  shape: readonly number[],
  layout: Layout = "channels",
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(makeTensor({ label: "store", shape, layout }).bytes / 4);
  copyDense(values, out, shape, layout, true);
  return out;
}

/** Stored values → dense values of the given shape. */
export function unstore(
  stored: ArrayLike<number>,
  shape: readonly number[],
  layout: Layout = "channels",
): Float64Array {
  const out = new Float64Array(shape.reduce((product, extent) => product * extent, 1));
  copyDense(stored, out, shape, layout, false);
  return out;
}

function copyDense(
  from: ArrayLike<number>,
  to: Float32Array | Float64Array,
  shape: readonly number[],
  layout: Layout,
  intoStored: boolean,
): void {
  const channels = shape.at(-1)!;
  const rows = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  const inputs = layout === "kernel" ? shape[2]! : 1;
  const pitch = layout === "map" ? channels : padded(channels);
  for (let row = 0; row < rows; row++) {
    const storedRow = layout === "kernel" ? Math.floor(row / inputs) * padded(inputs) + (row % inputs) : row;
    for (let c = 0; c < channels; c++) {
      const dense = row * channels + c, stored = storedRow * pitch + c;
      if (intoStored) to[stored] = from[dense]!;
      else to[dense] = from[stored]!;
    }
  }
}

/** A tensor under test: dense values, with the gradient to be looked at if `tracked`. */
export interface Given {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly layout?: Layout;
  readonly dtype?: "f32" | "u32";
  /** `input`: its gradient is asked of the graph; `parameter`: it has a gradient tensor of its own. */
  readonly tracked?: "input" | "parameter";
}

/**
 * Runs an op forward and, where `outputGradient` is given, backward, and reads everything back, dense.
 *
 * @param build Builds the op; what it returns is read back. The first output gets the gradient.
 * @param options.precision What images and the op's outputs are stored as; parameters, vectors and maps stay f32.
 * @param options.team Whom the batch is shared with, each of whom runs the same beside it.
 */
export async function runOp<K extends string>(
  device: Device,
  given: Readonly<Record<K, Given>>,
  build: (graph: Graph, tensors: Record<K, Tensor>) => readonly Tensor[],
  outputGradient?: ArrayLike<number>,
  options: { sharing?: Sharing; precision?: Precision; team?: Share & { readonly gather: Gather } } = {},
): Promise<{ outputs: Float64Array[]; gradients: Record<string, Float64Array>; dispatches: number }> {
  const entries = Object.entries<Given>(given);
  const { precision = "f32", team } = options;
  const spec = ([label, { shape, layout = "channels", dtype, tracked }]: [string, Given]) => ({
    label,
    shape,
    layout,
    dtype: dtype ??
      (layout === "channels" && shape.length === 4 && tracked !== "parameter" ? precision : "f32"),
  });
  const memory = allocate(device, "test inputs", entries.map(spec));
  const slots = allocate(device, "test gradients", entries.map(spec));
  const tensors = entries.map(([, { tracked }], i) =>
    makeTensor({
      ...memory.tensors[i]!,
      tracked: tracked !== undefined,
      ...(tracked === "parameter" && { gradient: slots.tensors[i]! }),
    })
  );
  entries.forEach(([, { shape, values, layout, dtype }], i) =>
    upload(
      device,
      tensors[i]!,
      dtype === "u32" ? Uint32Array.from(values) : storedAs(tensors[i]!, store(values, shape, layout)),
    )
  );
  const graph = new Graph(options.sharing ?? device.facts.sharing, {
    precision,
    ...(team && { share: team }),
  });
  const outputs = build(
    graph,
    Object.fromEntries(entries.map(([name], i) => [name, tensors[i]!])) as Record<K, Tensor>,
  );
  outputs.forEach((tensor) => graph.keep(tensor));
  let gradients = new Map<Tensor, Tensor>();
  if (outputGradient) {
    const first = outputs[0]!;
    const seed = allocate(device, "test seed", [first]);
    upload(device, seed.tensors[0]!, storedAs(first, store(outputGradient, first.shape, first.layout)));
    const seeds: GradientPair[] = [[first, seed.tensors[0]!]];
    gradients = graph.backward(seeds, (a, b) => add(graph, a, b));
    for (const gradient of gradients.values()) graph.keep(gradient);
  }
  const program = compile(device, graph);
  if (team) await program.runTogether(team.gather);
  else program.run();
  const wanted = new Map<string, Tensor>();
  entries.forEach(([name, { tracked }], i) => {
    const found = tracked === "parameter" ? slots.tensors[i] : gradients.get(tensors[i]!);
    if (tracked && outputGradient && found) wanted.set(name, found);
  });
  const located = [...outputs, ...wanted.values()].map((tensor) =>
    tensor.home ? tensor : program.locate(tensor)
  );
  const read = await readBack(device, located);
  const dense = located.map((tensor, i) =>
    tensor.dtype === "u32"
      ? Float64Array.from(new Uint32Array(read[i]!.buffer)).slice(0, tensor.shape.reduce((a, b) => a * b, 1))
      : unstore(
        tensor.dtype === "f16" ? new Float16Array(read[i]!.buffer) : read[i]!,
        tensor.shape,
        tensor.layout,
      )
  );
  program.free();
  memory.free();
  slots.free();
  return {
    outputs: dense.slice(0, outputs.length),
    gradients: Object.fromEntries([...wanted.keys()].map((name, i) => [name, dense[outputs.length + i]!])),
    dispatches: graph.dispatches.length,
  };
}

/** Stored values as the elements of a tensor. */
function storedAs(
  { dtype }: Tensor,
  values: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  return dtype === "f16" ? new Uint32Array(Float16Array.from(values).buffer) : values;
}

/**
 * Asserts |actual − expected| ≤ atol + rtol · |expected| everywhere, naming the worst entry.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-5, atol = 1e-5, what = "values" }: { rtol?: number; atol?: number; what?: string } = {},
): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} entries, and ${expected.length} are expected`);
  }
  let worst = -1, excess = 0;
  for (let i = 0; i < actual.length; i++) {
    const over = Math.abs(actual[i]! - expected[i]!) - atol - rtol * Math.abs(expected[i]!);
    if (over > excess || Number.isNaN(over)) [worst, excess] = [i, Number.isNaN(over) ? Infinity : over];
  }
  if (worst >= 0) {
    throw new Error(`${what}[${worst}] is ${actual[worst]}, and ${expected[worst]} is expected`);
  }
}
