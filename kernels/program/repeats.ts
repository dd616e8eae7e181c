/** What a launch is given twice. @module */
import { KernelError } from "../errors.ts";
import type { Dispatch } from "../graph.ts";
import type { RepeatedBinding } from "../shader/bindings.ts";

/**
 * Inputs of a launch that are the tensor of an earlier one: a sum of a tensor and itself, or what is given where nothing is read.
 * They are not bound: every binding can be written (bindings.ts), and WebGPU forbids two of those to overlap, used or not.
 * Browsers hold to it, Deno does not; so whatever else would overlap is refused here.
 *
 * @param windows Of each tensor, where its windows are.
 * @param textures Numbers of the bindings that are read from a texture, which is a copy.
 * @throws {KernelError} If tensors overlap in another way.
 */
export function repeatedBindings(
  { kernel, reads, writes }: Pick<Dispatch, "kernel" | "reads" | "writes">,
  windows: readonly (readonly GPUBufferBinding[])[],
  textures: readonly number[],
): RepeatedBinding[] {
  const names = [...Object.keys(kernel.reads), ...Object.keys(kernel.writes)];
  const given = [...reads, ...writes].map((tensor, i) => ({ number: i + 1, tensor, parts: windows[i]! }))
    .filter(({ number }) => !textures.includes(number));
  return given.flatMap((one, i) => {
    const other = given.slice(0, i).find(({ parts }) =>
      parts.some((part) => one.parts.some((mine) => overlap(part, mine)))
    );
    if (other === undefined) return [];
    const isInput = one.number <= reads.length;
    if (isInput && one.tensor.dtype === other.tensor.dtype && areSame(one.parts, other.parts)) {
      return [{ binding: one.number, of: other.number }];
    }
    const [first, second] = [other, one].map(({ number, tensor }) =>
      `${names[number - 1]} (${tensor.label})`
    );
    throw new KernelError(
      `Cannot launch kernel "${kernel.name}": its ${first} and ${second} overlap in memory, and WebGPU binds none twice ` +
        "that can be written; copy one of them",
    );
  });
}

function overlap(
  { buffer, offset = 0, size = 0 }: GPUBufferBinding,
  { buffer: other, offset: start = 0, size: length = 0 }: GPUBufferBinding,
): boolean {
  return buffer === other && offset < start + length && start < offset + size;
}

function areSame(one: readonly GPUBufferBinding[], other: readonly GPUBufferBinding[]): boolean {
  return one.length === other.length && one.every(({ buffer, offset, size }, i) => {
    const part = other[i]!;
    return buffer === part.buffer && offset === part.offset && size === part.size;
  });
}
