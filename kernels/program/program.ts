import type { WindowedBinding } from "../shader/bindings.ts";
import type { Device } from "../device.ts";
import { DeviceError, KernelError } from "../errors.ts";
import type { Dispatch, Graph } from "../graph.ts";
import { packUniforms } from "../shader/kernel.ts";
import type { MemoryPlan } from "./plan.ts";
import { prune } from "./prune.ts";
import { repeatedBindings } from "./repeats.ts";
import { profile, type Replay, replay } from "./replay.ts";
import { schedule, type ScheduleOptions } from "./schedule.ts";
import { type Lent, openWorkspace, type Workspace } from "./workspace.ts";
import { ALIGNMENT, makeTensor, roundUp, type Tensor } from "../tensor.ts";
import {
  fitsTexture,
  largestTexture,
  textureBytes,
  textureCopies,
  type TextureExtents,
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
export interface Program extends Lent {
  /** Bytes of the workspace on the device, with what another program lends. */
  readonly workspaceBytes: number;
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
   * @throws {DeviceError} If the graph did not keep it, or it is larger than a buffer.
   */
  locate(tensor: Tensor): Tensor;
  free(): void;
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
  const { plan, repeated, ...scheduled } = schedule(graph, device.facts, options);
  const dispatches = scheduled.dispatches.map((dispatch) => tuned(dispatch, options.tuning ?? device.tuning));
  checkBindings(device, dispatches);
  const extents = operandTexture(device, dispatches);
  const workspace = openWorkspace(device, plan, extents, options.lender);
  const uniforms = device.buffer(
    "uniforms",
    Math.max(dispatches.length, 1) * ALIGNMENT,
    GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  );
  const table = new Uint8Array(dispatches.length * ALIGNMENT);
  const replays = dispatches.map((dispatch, i) => {
    const packed = packUniforms(dispatch.kernel, dispatch.uniforms), offset = i * ALIGNMENT;
    table.set(packed, offset);
    const bound = bind(device, dispatch, workspace, { buffer: uniforms, offset, size: packed.byteLength });
    onProgress(i + 1, dispatches.length);
    return bound;
  });
  // Deno ends the process on a write of no bytes.
  if (table.length > 0) gpu.queue.writeBuffer(uniforms, 0, table);
  device.check();

  return {
    plan,
    dispatches,
    workspaceBytes: scheduled.workspaceBytes + textureBytes(extents),
    arenas: workspace.arenas,
    texture: workspace.texture,
    repeated,
    run() {
      device.check();
      replay(device, replays);
    },
    profile: () => profile(device, replays),
    locate(tensor) {
      if (!tensor.home && !(graph.kept.has(tensor) && plan.places.has(tensor))) {
        throw new DeviceError(
          `Cannot locate ${tensor.label}: its memory is reused within a run; keep it in the graph before compiling`,
        );
      }
      const [home, ...others] = workspace.homes(tensor);
      if (others.length > 0) {
        throw new DeviceError(
          `Cannot locate ${tensor.label} [${tensor.shape}]: its ${tensor.bytes} bytes lie in ${
            others.length + 1
          } places, as ` +
            `"${device.facts.name}" grants ${device.facts.bufferBytes} a buffer; copy parts of it, and keep those`,
        );
      }
      return makeTensor({ ...tensor, home });
    },
    free() {
      workspace.free();
      uniforms.destroy();
    },
  };
}

/** Compiles a launch's pipeline, and binds it to its uniforms and tensors. */
function bind(
  device: Device,
  dispatch: Dispatch,
  { homes, layers, texture }: Workspace,
  uniforms: GPUBufferBinding,
): Replay {
  const { kernel, constants, groups } = dispatch;
  const tensors = [...dispatch.reads, ...dispatch.writes];
  const textures = textureBindings(device, dispatch);
  const windows = windowsOf(device, tensors, homes);
  const repeats = repeatedBindings(dispatch, windows, textures);
  const isBound = (binding: number) => repeats.every((repeat) => repeat.binding !== binding);
  const forms = {
    halves: tensors.flatMap(({ dtype }, at) => dtype === "f16" ? [at + 1] : []),
    windows: windowedBindings(device, tensors).filter(({ binding }) => isBound(binding)),
    textures,
    repeats,
  };
  const pipeline = device.pipeline(kernel, constants, forms);
  // First windows in the order of the tensors, then the others of those that are bound.
  const resources: GPUBindingResource[] = [
    ...windows.map(([first]) => first!),
    ...windows.flatMap((parts, at) => isBound(at + 1) ? parts.slice(1) : []),
  ];
  const copies = textures.flatMap((binding, layer) => {
    const operand = tensors[binding - 1]!;
    resources[binding - 1] = layers[layer]!;
    // What is read from a texture is no larger than a window.
    return textureCopies({ texture: texture!, layer }, homes(operand)[0], operand.bytes);
  });
  device.created.bindGroups++;
  const bindGroup = device.gpu.createBindGroup({
    label: kernel.name,
    layout: pipeline.getBindGroupLayout(0),
    entries: [uniforms, ...resources].map((resource, binding) => ({ binding, resource }))
      .filter(({ binding }) => isBound(binding)),
  });
  return { pipeline, bindGroup, groups, copies };
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
    return fitsTexture(operand) && operand.bytes <= facts.windowBytes ? [at + 1] : [];
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

/** Tensors that are larger than a window, by their places in a launch. */
function windowedBindings({ facts }: Device, tensors: readonly Tensor[]): WindowedBinding[] {
  return tensors.flatMap(({ bytes }, at) => {
    const windows = Math.ceil(bytes / facts.windowBytes);
    return windows > 1 ? [{ binding: at + 1, windows }] : [];
  });
}

/** The windows of each tensor: itself, if it is small enough. */
function windowsOf(
  { facts: { windowBytes } }: Device,
  tensors: readonly Tensor[],
  homes: Workspace["homes"],
): GPUBufferBinding[][] {
  return tensors.map((tensor) => {
    const places = homes(tensor), [{ buffer, offset }] = places, end = roundUp(tensor.bytes, 16);
    return Array.from({ length: Math.ceil(end / windowBytes) }, (_, i): GPUBufferBinding => {
      const start = i * windowBytes, size = Math.min(windowBytes, end - start);
      return { ...places.length > 1 ? places[i]! : { buffer, offset: offset + start }, size };
    });
  });
}

/**
 * Whether the device could bind every tensor of a graph as a whole, which is faster than in windows. What it grants a buffer is no
 * part of that: results depend on it, and must not on the memory that is free.
 */
export function bindable({ facts }: Device, graph: Graph): boolean {
  return prune(graph.dispatches, graph.kept).every(({ reads, writes }) =>
    [...reads, ...writes].every(({ bytes }) => bytes <= facts.bindingBytes)
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
        `"${device.facts.name}" binds ${device.facts.windowBytes} at once, and ${count} bindings are more than its ` +
        `${limit}; use a smaller crop or batch`,
    );
  }
}
