import { KernelError } from "../errors.ts";

/** Most workgroups along one axis of a dispatch (WebGPU's guaranteed limit). */
export const MAX_GROUPS = 65_535;

/**
 * Most loop iterations one invocation may make in all.
 *
 * lavapipe of Mesa 22 ends loops without a word after 65,535 iterations per invocation, so results would be silently short.
 * Every dispatch states its count and {@linkcode checkLoops} holds it under this bound.
 */
export const MAX_LOOP_ITERATIONS = 60_000;

const RANGES = { u32: [0, 2 ** 32 - 1], i32: [-(2 ** 31), 2 ** 31 - 1], f32: [-Infinity, Infinity] } as const;

/** What an element of a binding is, in WGSL. */
export type ElementType = "f32" | "u32" | "vec2f" | "vec4f" | "vec4u" | "atomic<u32>";

/** A compute shader with its interface: binding 0 is the uniform struct, then `reads`, then `writes`, in order. */
export interface Kernel {
  /** What errors and profiles call it. */
  readonly name: string;
  /** Name of the file that the source is from, for messages; `<name>.wgsl` unless told. */
  readonly file?: string;
  /**
   * WGSL behind the preamble (bindings.ts), possibly with directives (expand.ts); entry point `main`. It reads uniforms as
   * `extents.name`, and elements of the bindings by `load_name(i)` and `set_name(i, value)`.
   */
  readonly source: string;
  /** Texts that `#include NAME` stands for. */
  readonly includes?: Readonly<Record<string, string>>;
  /** Fields of the uniform struct in order; each takes 4 bytes. */
  readonly uniforms: Readonly<Record<string, "u32" | "i32" | "f32">>;
  /** Arrays that are only read, by name. */
  readonly reads: Readonly<Record<string, ElementType>>;
  /** Arrays that are written, and may be read. */
  readonly writes: Readonly<Record<string, ElementType>>;
  /**
   * Whether its output is a function of its inputs, uniforms and constants alone and cheap to compute, so that a launch may be
   * repeated where that saves memory (recompute.ts). Not for kernels that add to what they write.
   */
  readonly recomputable?: boolean;
  /**
   * Arrays that it meets element by element, those of one place together, so that a launch may take one window of them after
   * another (parts.ts). A sum that it leaves in another one goes on, where the constant LATER is 1, from what lies there.
   */
  readonly partwise?: readonly string[];
}

/** Declares a kernel; a value, so that an op names what it launches. */
export function defineKernel<const K extends Kernel>(kernel: K): K {
  return kernel;
}

/**
 * The uniform struct's bytes, little-endian, a multiple of 16.
 *
 * @throws {KernelError} If a field is missing, unknown, not a finite number or not of its type.
 */
export function packUniforms(
  kernel: Kernel,
  values: Readonly<Record<string, number>>,
): Uint8Array<ArrayBuffer> {
  const fields = Object.entries(kernel.uniforms);
  const view = new DataView(new ArrayBuffer(Math.max(16, Math.ceil(fields.length / 4) * 16)));
  fields.forEach(([field, type], i) => {
    const value = values[field];
    if (value === undefined || !Number.isFinite(value)) {
      throw new KernelError(`Cannot launch kernel "${kernel.name}": uniform "${field}" is ${value}`);
    }
    const [low, high] = RANGES[type];
    if (type !== "f32" && !(Number.isInteger(value) && value >= low && value <= high)) {
      throw new KernelError(
        `Cannot launch kernel "${kernel.name}": uniform "${field}" is ${value}, and ${type} holds integers from ${low} to ${high}`,
      );
    }
    if (type === "f32") view.setFloat32(4 * i, value, true);
    else if (type === "i32") view.setInt32(4 * i, value, true);
    else view.setUint32(4 * i, value, true);
  });
  const unknown = Object.keys(values).filter((field) => !(field in kernel.uniforms));
  if (unknown.length) {
    throw new KernelError(`Cannot launch kernel "${kernel.name}": no uniform is called ${unknown}`);
  }
  return new Uint8Array(view.buffer);
}

/** @throws {KernelError} If an invocation would loop more often than every driver is known to honor. */
export function checkLoops(kernel: string, iterations: number): void {
  if (iterations > MAX_LOOP_ITERATIONS) {
    throw new KernelError(
      `Cannot launch kernel "${kernel}": one invocation would make ${iterations} loop iterations, and at most ` +
        `${MAX_LOOP_ITERATIONS} are safe; split the reduction`,
    );
  }
}
