import type { WindowedBinding } from "../shader/bindings.ts";
import type { Device } from "../device.ts";
import { DeviceError, KernelError } from "../errors.ts";
import type { Dispatch, Graph } from "../graph.ts";
import { packUniforms } from "../shader/kernel.ts";
import type { MemoryPlan } from "./plan.ts";
import { prune } from "./prune.ts";
import { schedule, type ScheduleOptions } from "./schedule.ts";
import { ALIGNMENT, type Home, makeTensor, roundUp, type Tensor } from "../tensor.ts";
import {
  fitsTexture,
  largestTexture,
  textureBytes,
  textureCopies,
  type TextureCopy,
  type TextureExtents,
  textureLayer,
  textureRows,
} from "../shader/texture_operand.ts";
import { tuned, type Tuning } from "../tuning/tuning.ts";

/** How a graph is compiled. */
export interface CompileOptions extends ScheduleOptions {
  /** A program that never runs while this one does: of its workspace, what is large enough is used by both. */
  readonly lender?: Program | undefined;
  /** Which ways of doing an op are taken; the device's unless told. */
  readonly tuning?: Tuning;
}

/** A captured graph with its memory, ready to be replayed. */
export interface Program {
  /** Bytes of the workspace on the device, with what another program lends. */
  readonly workspaceBytes: number;
  /** Buffers that the workspace lies in. */
  readonly arenas: readonly GPUBuffer[];
  /** What operands are copied to that are read as textures, those of one launch at a time. */
  readonly texture: GPUTexture | undefined;
  readonly plan: MemoryPlan;
  readonly dispatches: readonly Dispatch[];
  /** Launches that are repeated so that their outputs need not be kept; they are among `dispatches`. */
  readonly repeated: number;
  /** Records all launches and submits them once; creates nothing, reads nothing back. */
  run(): void;
  /** Runs once with a timestamp around each launch; milliseconds, in the order of `dispatches`. */
  profile(): Promise<number[]>;
  /**
   * A kept tensor with its place in the workspace as its home, so that it can be read back.
   * @throws {DeviceError} If the graph did not keep it.
   */
  locate(tensor: Tensor): Tensor;
  free(): void;
}

interface Replay {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: readonly [number, number, number];
  /** What is to be done before it. */
  readonly copies: readonly TextureCopy[];
}

/**
 * Plans memory, compiles every pipeline and binds every launch.
 *
 * @param onProgress Called with the count of launches prepared, as compiling shaders may take seconds.
 * @throws {DeviceError} If a launch needs more bindings than the adapter has, or the workspace a larger buffer.
 */
export function compile(
  device: Device,
  graph: Graph,
  onProgress: (done: number, total: number) => void = () => {},
  options: CompileOptions = {},
): Program {
  const { gpu } = device;
  const { plan, repeated, ...scheduled } = schedule(graph, gpu.limits.maxBufferSize, options);
  const dispatches = scheduled.dispatches.map((dispatch) => tuned(dispatch, options.tuning ?? device.tuning));
  checkBindings(device, dispatches);
  const lent = (i: number, bytes: number) => {
    const arena = options.lender?.arenas[i];
    return arena && arena.size >= bytes ? arena : undefined;
  };
  const arenas = plan.arenas.map((bytes, i) => lent(i, bytes) ?? device.buffer(`workspace ${i}`, bytes));
  const extents = operandTexture(device, dispatches);
  const { height: lentRows = 0, depthOrArrayLayers: lentLayers = 0 } = options.lender?.texture ?? {};
  const isEnough = lentRows >= extents.rows && lentLayers >= extents.layers;
  const lentTexture = isEnough ? options.lender?.texture : undefined;
  const texture = extents.layers > 0 ? lentTexture ?? device.texture(extents) : undefined;
  const layers = Array.from({ length: extents.layers }, (_, layer) => textureLayer(texture!, layer));
  const uniforms = device.buffer(
    "uniforms",
    Math.max(dispatches.length, 1) * ALIGNMENT,
    GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  );
  const table = new Uint8Array(dispatches.length * ALIGNMENT);
  const home = (tensor: Tensor) => {
    if (tensor.home) return tensor.home;
    const { arena, offset } = plan.places.get(tensor)!;
    return { buffer: arenas[arena]!, offset };
  };
  const replays = dispatches.map((dispatch, i): Replay => {
    const { kernel, constants, groups } = dispatch;
    const packed = packUniforms(kernel, dispatch.uniforms);
    table.set(packed, i * ALIGNMENT);
    const tensors = [...dispatch.reads, ...dispatch.writes];
    const forms = {
      halves: tensors.flatMap(({ dtype }, at) => dtype === "f16" ? [at + 1] : []),
      windows: windowedBindings(device, tensors),
      textures: textureBindings(device, dispatch),
    };
    const pipeline = device.pipeline(kernel, constants, forms);
    const [whole, others] = bindingsOf(device, tensors, home);
    const resources: GPUBindingResource[] = [...whole, ...others];
    const copies = forms.textures.flatMap((binding, layer) => {
      const operand = tensors[binding - 1]!;
      resources[binding - 1] = layers[layer]!;
      return textureCopies({ texture: texture!, layer }, home(operand), operand.bytes);
    });
    device.created.bindGroups++;
    const bindGroup = gpu.createBindGroup({
      label: kernel.name,
      layout: pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: { buffer: uniforms, offset: i * ALIGNMENT, size: packed.byteLength } },
        ...resources.map((resource, at) => ({ binding: at + 1, resource })),
      ],
    });
    onProgress(i + 1, dispatches.length);
    return { pipeline, bindGroup, groups, copies };
  });
  // Deno ends the process on a write of no bytes.
  if (table.length > 0) gpu.queue.writeBuffer(uniforms, 0, table);
  device.check();

  return {
    plan,
    dispatches,
    workspaceBytes: scheduled.workspaceBytes + textureBytes(extents),
    arenas,
    texture,
    repeated,
    run() {
      device.check();
      const encoder = gpu.createCommandEncoder();
      let pass = encoder.beginComputePass();
      let bound: GPUComputePipeline | undefined;
      for (const { pipeline, bindGroup, groups, copies } of replays) {
        if (copies.length > 0) {
          pass.end();
          record(encoder, copies);
          pass = encoder.beginComputePass();
          bound = undefined;
        }
        if (pipeline !== bound) pass.setPipeline(bound = pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...groups);
      }
      pass.end();
      gpu.queue.submit([encoder.finish()]);
    },
    profile: () => profile(device, replays),
    locate(tensor) {
      if (!tensor.home && !(graph.kept.has(tensor) && plan.places.has(tensor))) {
        throw new DeviceError(
          `Cannot locate ${tensor.label}: its memory is reused within a run; keep it in the graph before compiling`,
        );
      }
      return makeTensor({ ...tensor, home: home(tensor) });
    },
    free() {
      const own = arenas.filter((arena) => !options.lender?.arenas.includes(arena));
      for (const buffer of [...own, uniforms]) buffer.destroy();
      if (texture !== lentTexture) texture?.destroy();
    },
  };
}

function record(encoder: GPUCommandEncoder, copies: readonly TextureCopy[]): void {
  for (const { source, destination, size } of copies) encoder.copyBufferToTexture(source, destination, size);
}

/** The bindings that a launch reads from a texture, where the tensors can be in one. */
function textureBindings(
  { facts }: Device,
  { kernel, reads, textures = [] }: Pick<Dispatch, "kernel" | "reads" | "textures">,
): number[] {
  return textures.flatMap((name) => {
    const at = Object.keys(kernel.reads).indexOf(name);
    const operand = reads[at];
    if (!operand) {
      throw new KernelError(
        `Cannot read ${name} of kernel "${kernel.name}" from a texture: it reads ${
          Object.keys(kernel.reads)
        }`,
      );
    }
    return fitsTexture(operand) && operand.bytes <= facts.bindingBytes ? [at + 1] : [];
  });
}

/** Of a texture that holds the operands of any launch that are read from one. */
export function operandTexture(device: Device, dispatches: readonly Dispatch[]): TextureExtents {
  return largestTexture(
    dispatches.flatMap((dispatch) =>
      textureBindings(device, dispatch).map((binding, layer) => ({
        rows: textureRows(dispatch.reads[binding - 1]!.bytes),
        layers: layer + 1,
      }))
    ),
  );
}

/** Tensors that are larger than the device binds at once, by their places in a launch. */
function windowedBindings({ facts }: Device, tensors: readonly Tensor[]): WindowedBinding[] {
  return tensors.flatMap(({ bytes }, at) => {
    const windows = Math.ceil(bytes / facts.bindingBytes);
    return windows > 1 ? [{ binding: at + 1, windows }] : [];
  });
}

/** What is bound: each tensor or its first window, then the other windows in the order of the tensors. */
function bindingsOf(
  { facts: { bindingBytes } }: Device,
  tensors: readonly Tensor[],
  home: (tensor: Tensor) => Home,
): [first: GPUBufferBinding[], others: GPUBufferBinding[]] {
  const windows = tensors.map((tensor) => {
    const { buffer, offset } = home(tensor), end = roundUp(tensor.bytes, 16);
    return Array.from({ length: Math.ceil(end / bindingBytes) }, (_, i): GPUBufferBinding => {
      const start = i * bindingBytes;
      return { buffer, offset: offset + start, size: Math.min(bindingBytes, end - start) };
    });
  });
  return [windows.map(([first]) => first!), windows.flatMap((parts) => parts.slice(1))];
}

/** Whether every tensor of a graph is small enough for a kernel to bind as a whole, which is faster than in windows. */
export function bindable(device: Device, graph: Graph): boolean {
  return prune(graph.dispatches, graph.kept).every(({ reads, writes }) =>
    windowedBindings(device, [...reads, ...writes]).length === 0
  );
}

/** @throws {DeviceError} If a launch would bind more windows of large tensors than the adapter has bindings. */
export function checkBindings(device: Device, dispatches: readonly Dispatch[]): void {
  const limit = device.gpu.limits.maxStorageBuffersPerShaderStage;
  for (const { kernel, reads, writes } of dispatches) {
    const tensors = [...reads, ...writes];
    const windowed = windowedBindings(device, tensors);
    const count = windowed.reduce((sum, { windows }) => sum + windows - 1, tensors.length);
    if (count <= limit) continue;
    const tensor = tensors.reduce((most, tensor) => tensor.bytes > most.bytes ? tensor : most);
    throw new DeviceError(
      `Cannot run kernel "${kernel.name}" on ${tensor.label} [${tensor.shape}]: it takes ${tensor.bytes} bytes, ` +
        `"${device.facts.name}" binds ${device.facts.bindingBytes} at once, and ${count} bindings are more than its ` +
        `${limit}; use a smaller crop or batch`,
    );
  }
}

/** Timestamps are written at the ends of passes, so each launch gets a pass of its own. */
async function profile(device: Device, replays: readonly Replay[]): Promise<number[]> {
  const { gpu } = device;
  const times: number[] = [];
  const MOST = 1024; // queries in a set; WebGPU allows 4096
  for (let start = 0; start < replays.length; start += MOST) {
    const part = replays.slice(start, start + MOST);
    const querySet = gpu.createQuerySet({ type: "timestamp", count: 2 * part.length });
    const resolved = device.buffer(
      "timestamps",
      16 * part.length,
      GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    );
    const staging = device.buffer(
      "timestamps",
      16 * part.length,
      GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    );
    const encoder = gpu.createCommandEncoder();
    part.forEach(({ pipeline, bindGroup, groups, copies }, i) => {
      const [start, end] = [2 * i, 2 * i + 1];
      if (copies.length > 0) {
        encoder.beginComputePass({ timestampWrites: { querySet, beginningOfPassWriteIndex: start } }).end();
        record(encoder, copies);
      }
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet,
          ...(copies.length === 0 && { beginningOfPassWriteIndex: start }),
          endOfPassWriteIndex: end,
        },
      });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...groups);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, 2 * part.length, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16 * part.length);
    gpu.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    part.forEach((_, i) => times.push(Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6));
    for (const used of [querySet, resolved, staging]) used.destroy();
  }
  return times;
}
