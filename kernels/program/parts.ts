/** Launches that are done in parts, as all at once is more than the device takes; to the same bits. @module */
import type { Device } from "../device.ts";
import { DeviceError } from "../errors.ts";
import type { Dispatch } from "../graph.ts";
import { MAX_GROUPS } from "../shader/kernel.ts";
import { arrayCount, type Part, windowCount } from "./binding.ts";

/**
 * The parts of a launch, in order; itself, where it is none too large:
 *
 * - one that is divisible has {@linkcode MAX_GROUPS} workgroups along an axis at most, and no more work than the device may be
 *   given at once;
 * - one of a kernel that is `partwise` takes the windows of its large tensors one by one, where all of them are more arrays than
 *   the device binds, if they are what it is so by, and equally large: an element lies in the same window of each.
 */
export function partsOf(device: Device, dispatch: Dispatch): Part[] {
  const limit = device.gpu.limits.maxStorageBuffersPerShaderStage;
  const { partwise = [], reads, writes } = dispatch.kernel;
  if (partwise.length === 0 || arrayCount(device, dispatch) <= limit) return divided(device, dispatch);
  const names = [...Object.keys(reads), ...Object.keys(writes)];
  const large = [...dispatch.reads, ...dispatch.writes]
    .map((tensor, at) => ({ name: names[at]!, bytes: tensor.bytes, windows: windowCount(device, tensor) }))
    .filter(({ windows }) => windows > 1);
  const [{ bytes, windows } = { bytes: 0, windows: 1 }] = large;
  if (large.some((one) => one.bytes !== bytes || !partwise.includes(one.name))) return [dispatch];
  return Array.from({ length: windows }, (_, window) => ({
    ...dispatch,
    window,
    flops: dispatch.flops / windows,
    constants: { ...dispatch.constants, LATER: Number(window > 0) },
  }));
}

function divided({ facts: { flopsAtOnce = Infinity } }: Device, dispatch: Dispatch): Part[] {
  const { divisible, groups, flops, uniforms } = dispatch;
  if (divisible === undefined) return [dispatch];
  const length = groups[divisible];
  const most = Math.min(MAX_GROUPS, Math.ceil(length / Math.ceil(flops / flopsAtOnce || 1)));
  if (length <= most) return [dispatch];
  return Array.from({ length: Math.ceil(length / most) }, (_, i) => {
    const first = i * most, count = Math.min(most, length - first);
    const [x, y, z] = groups.map((n, axis) => axis === divisible ? count : n);
    return {
      ...dispatch,
      groups: [x!, y!, z!],
      uniforms: { ...uniforms, first_group: first },
      flops: flops * count / length,
    };
  });
}

/** @throws {DeviceError} If a launch would bind more arrays than the adapter does, even in parts. */
export function checkBindings(device: Device, dispatches: readonly Dispatch[]): void {
  const limit = device.gpu.limits.maxStorageBuffersPerShaderStage;
  for (const part of dispatches.flatMap((dispatch) => partsOf(device, dispatch))) {
    const count = arrayCount(device, part);
    if (count <= limit) continue;
    const tensor = [...part.reads, ...part.writes]
      .reduce((most, tensor) => tensor.bytes > most.bytes ? tensor : most);
    throw new DeviceError(
      `Cannot run kernel "${part.kernel.name}" on ${tensor.label} [${tensor.shape}]: it takes ${tensor.bytes} bytes, ` +
        `"${device.facts.name}" binds ${device.facts.windowBytes} at once, and ${count} bindings are more than its ` +
        `${limit}; use a smaller crop or batch`,
    );
  }
}
