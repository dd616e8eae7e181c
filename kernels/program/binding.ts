/** How launches are bound to memory: whole arrays, windows, textures. @module */
import type { Device } from "../device.ts";
import { KernelError } from "../errors.ts";
import type { Dispatch, Graph } from "../graph.ts";
import type { WindowedBinding } from "../shader/bindings.ts";
import {
  fitsTexture,
  largestTexture,
  textureCopies,
  type TextureExtents,
  textureRows,
} from "../shader/texture_operand.ts";
import { roundUp, type Tensor } from "../tensor.ts";
import { prune } from "./prune.ts";
import { repeatedBindings } from "./repeats.ts";
import type { Replay } from "./replay.ts";
import type { Workspace } from "./workspace.ts";

/** A launch, or a part of one (parts.ts). */
export interface Part extends Dispatch {
  /** Of its tensors that are larger than a window, which one is bound, from 0; all of them unless told. */
  readonly window?: number;
}

/** Compiles a launch's pipeline, and binds it to its uniforms and tensors. */
export function bind(
  device: Device,
  dispatch: Part,
  { homes, layers, texture }: Workspace,
  uniforms: GPUBufferBinding,
): Replay {
  const { kernel, constants, groups, flops, window } = dispatch;
  const tensors = [...dispatch.reads, ...dispatch.writes];
  const textures = textureBindings(device, dispatch);
  const all = windowsOf(device, tensors, homes);
  const repeats = repeatedBindings(dispatch, all, textures);
  const isBound = (binding: number) => repeats.every((repeat) => repeat.binding !== binding);
  const windows = all.map((parts) => window === undefined || parts.length === 1 ? parts : [parts[window]!]);
  const windowed = windowedBindings(device, tensors).filter(({ binding }) => isBound(binding));
  const forms = {
    halves: tensors.flatMap(({ dtype }, at) => dtype === "f16" ? [at + 1] : []),
    windows: window === undefined
      ? windowed
      : windowed.map(({ binding }) => ({ binding, windows: 1, first: window })),
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
  return { pipeline, bindGroup, groups, copies, flops };
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

/** In how many windows a tensor is bound. */
export function windowCount({ facts }: Device, { bytes }: Tensor): number {
  return Math.ceil(bytes / facts.windowBytes);
}

/** Tensors that are larger than a window, by their places in a launch. */
function windowedBindings(device: Device, tensors: readonly Tensor[]): WindowedBinding[] {
  return tensors.flatMap((tensor, at) => {
    const windows = windowCount(device, tensor);
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

/** The tensors that a launch binds as arrays: none that is read from a texture, and one that is given twice (repeats.ts) once. */
function boundTensors(device: Device, dispatch: Dispatch): Tensor[] {
  const { reads, writes } = dispatch, textures = textureBindings(device, dispatch);
  const tensors = [...reads.filter((_, at) => !textures.includes(at + 1)), ...writes];
  return [...new Map(tensors.map((tensor) => [tensor.home ?? tensor, tensor])).values()];
}

/** How many arrays a launch binds. */
export function arrayCount(device: Device, dispatch: Part): number {
  return boundTensors(device, dispatch).reduce(
    (sum, tensor) => sum + (dispatch.window === undefined ? windowCount(device, tensor) : 1),
    0,
  );
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
