/** What a kernel's text is preceded by: the uniform struct, the bindings, and how their elements are loaded and stored. @module */
import { KernelError } from "../errors.ts";
import type { ElementType, Kernel } from "./kernel.ts";
import { texelOf } from "./texture_operand.ts";
import { ALIGNMENT } from "../tensor.ts";

/** A tensor larger than a device binds at once, bound as several windows that follow one another. */
export interface WindowedBinding {
  /** Number of the binding; it takes the first window. */
  readonly binding: number;
  /** How many there are; those after the first take numbers after all of the kernel's own. */
  readonly windows: number;
  /** Where it is one alone of several: which, from 0. Elements of the others are loaded as 0, and not stored. */
  readonly first?: number;
}

/** A binding of the tensor that another one has, too. */
export interface RepeatedBinding {
  /** Number of the binding, which takes nothing. */
  readonly binding: number;
  /** Number of the one that is bound, and read in its place. */
  readonly of: number;
}

/** How bindings are bound where it is not as a whole array in a buffer, values of f32; by their numbers. */
export interface BindingForms {
  /**
   * Those whose tensors are stored in f16. The kernel computes in f32 as before: a value is widened where it is loaded, and
   * rounded to the nearest f16 where it is stored; beyond ±65504 it becomes infinite.
   */
  readonly halves?: readonly number[];
  /** Those whose tensors are bound in parts; the same elements in the same order. */
  readonly windows?: readonly WindowedBinding[];
  /** Those that are read from a texture ({@linkcode texelOf}). */
  readonly textures?: readonly number[];
  /** Those that are read where another one is: WebGPU binds nothing twice that can be written. */
  readonly repeats?: readonly RepeatedBinding[];
}

/** Bytes of every window but the last, where a device binds so many at most: the next may begin where one ends. */
export function windowBytes(mostBytes: number): number {
  return Math.floor(mostBytes / ALIGNMENT) * ALIGNMENT;
}

const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  f32: 4,
  u32: 4,
  vec2f: 8,
  vec4f: 16,
  vec4u: 16,
  "atomic<u32>": 4,
};

/** A binding as it is declared. */
interface Binding {
  readonly number: number;
  readonly name: string;
  readonly type: ElementType;
  readonly isWritten: boolean;
}

/**
 * The lines in front of a kernel's own: `struct Extents` with the uniforms, as `extents`; each binding; and for an element `i` of
 * binding `x` the functions `load_x(i)` and, where it is written, `set_x(i, value)`, in the form that the binding has. Bindings
 * of atomic elements have no functions: their arrays are used by name.
 *
 * Inputs are bound for writing, too: WebGPU forbids one buffer to be bound for reading and for writing in one dispatch, even at
 * separate ranges, unless every binding of it is `read_write`; the planned workspace needs just that.
 *
 * @param bytes Of a window.
 * @throws {KernelError} If a form is not possible for elements of that type.
 */
export function preamble(
  { name, uniforms, reads, writes }: Pick<Kernel, "name" | "uniforms" | "reads" | "writes">,
  { halves = [], windows = [], textures = [], repeats = [] }: BindingForms,
  bytes: number,
): string[] {
  const entries = [
    ...Object.entries(reads).map(([name, type]) => ({ name, type, isWritten: false })),
    ...Object.entries(writes).map(([name, type]) => ({ name, type, isWritten: true })),
  ];
  let next = 1 + entries.length;
  const refuse = (binding: Binding, what: string) =>
    new KernelError(
      `Cannot ${what} of kernel "${name}": it is ${binding.name}: array<${binding.type}>${
        binding.isWritten ? ", and written" : ""
      }`,
    );
  const declared = entries.flatMap((entry, i) => {
    const binding: Binding = { number: i + 1, ...entry };
    const repeated = repeats.find(({ binding }) => binding === i + 1);
    if (repeated !== undefined) {
      const one = entries[repeated.of - 1]!;
      if (binding.isWritten || one.isWritten || binding.type !== one.type) {
        throw refuse(binding, `bind ${one.name}: array<${one.type}> as binding ${binding.number}, too,`);
      }
      return [`fn load_${binding.name}(i: u32) -> ${binding.type} { return load_${one.name}(i); }`];
    }
    if (textures.includes(binding.number)) {
      if (binding.type !== "vec4f" || binding.isWritten) {
        throw refuse(binding, `read binding ${binding.number} from a texture`);
      }
      return texture(binding);
    }
    // Whole vectors of words move bits, whatever they mean.
    const isHalf = halves.includes(binding.number) && binding.type !== "vec4u";
    if (isHalf && binding.type !== "vec4f") throw refuse(binding, `store binding ${binding.number} in f16`);
    const windowed = windows.find(({ binding }) => binding === i + 1), count = windowed?.windows ?? 1;
    if (binding.type === "atomic<u32>") {
      if (windowed) throw refuse(binding, `bind binding ${binding.number} in windows`);
      return [array(binding.number, binding.name, binding.type)];
    }
    const parts = [{ number: binding.number, name: binding.name }];
    for (let window = 1; window < count; window++) {
      parts.push({ number: next++, name: `${binding.name}_window_${window}` });
    }
    return arrays(binding, parts, isHalf, { bytes, first: windowed?.first });
  });
  const fields = Object.entries(uniforms).map(([field, type]) => `  ${field}: ${type},`);
  return [
    ...(halves.length > 0 ? ["enable f16;"] : []),
    // A struct without members is none.
    ...(fields.length > 0
      ? ["struct Extents {", ...fields, "}", "@group(0) @binding(0) var<uniform> extents: Extents;"]
      : []),
    ...declared,
  ];
}

function array(number: number, name: string, type: string): string {
  return `@group(0) @binding(${number}) var<storage, read_write> ${name}: array<${type}>;`;
}

function texture({ number, name }: Binding): string[] {
  return [
    `@group(0) @binding(${number}) var ${name}: texture_2d<f32>;`,
    `fn load_${name}(i: u32) -> vec4f { return ${texelOf(name, "i")}; }`,
  ];
}

/** A binding in one part or in several, and what loads and stores an element of the part that holds it. */
function arrays(
  { name, type, isWritten }: Binding,
  parts: readonly { readonly number: number; readonly name: string }[],
  isHalf: boolean,
  { bytes, first }: { readonly bytes: number; readonly first: number | undefined },
): string[] {
  const length = bytes / (isHalf ? ELEMENT_BYTES[type] / 2 : ELEMENT_BYTES[type]);
  const stored = isHalf ? "vec4<f16>" : type;
  const [load, store] = isHalf
    ? [(element: string) => `vec4f(${element})`, "vec4<f16>(v)"]
    : [(element: string) => element, "v"];
  /** What is done with an element, by the part that it is in. */
  const choose = (access: (element: string) => string) =>
    parts.map((part, i) => {
      const condition = i < parts.length - 1 ? `if (i < ${(i + 1) * length}u) ` : "";
      return `${condition}{ ${access(`${part.name}[${i === 0 ? "i" : `i - ${i * length}u`}]`)} }`;
    }).join(" else ");
  /** The same where the part is one alone; what lies before it wraps around to what lies past it. */
  const chooseAlone = (first: number) => (access: (element: string) => string) =>
    `if (i - ${first * length}u < ${length}u) { ${access(`${name}[i - ${first * length}u]`)} }`;
  const within = first !== undefined ? chooseAlone(first) : parts.length > 1 ? choose : undefined;
  // One way out, so that invocations of a subgroup stay together.
  const loads = within
    ? `var v: ${type}; ${within((element) => `v = ${load(element)};`)} return v;`
    : `return ${load(`${name}[i]`)};`;
  const stores = within ? within((element) => `${element} = ${store};`) : `${name}[i] = ${store};`;
  return [
    ...parts.map((part) => array(part.number, part.name, stored)),
    `fn load_${name}(i: u32) -> ${type} { ${loads} }`,
    ...(isWritten ? [`fn set_${name}(i: u32, v: ${type}) { ${stores} }`] : []),
  ];
}
