import { rewriteAccesses, withoutComments } from "./accesses.ts";
import { KernelError } from "./errors.ts";
import { ALIGNMENT } from "./tensor.ts";

/** A tensor larger than a device binds at once, bound as several windows that follow one another. */
export interface WindowedBinding {
  /** Number of the binding; it takes the first window. */
  readonly binding: number;
  /** How many there are, 2 or more; the others take numbers after all of the kernel's own. */
  readonly windows: number;
}

/** Bytes of every window but the last, where a device binds so many at most: the next may begin where one ends. */
export function windowBytes(mostBytes: number): number {
  return Math.floor(mostBytes / ALIGNMENT) * ALIGNMENT;
}

const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  "f32": 4,
  "u32": 4,
  "vec2f": 8,
  "vec4<f16>": 8,
  "vec4f": 16,
  "vec4u": 16,
};

/**
 * Makes a shader see each of some bindings as several windows: an element is looked up in the window that holds it. Kernels
 * know nothing of it and compute as they do with whole bindings, in the same order, to the same bits.
 *
 * @param source WGSL, expanded (unroll.ts) and with its storage decided (half_storage.ts).
 * @param windowed Without any the text stays as it is.
 * @param options.first Number of the first free binding.
 * @param options.bytes Of a window; see {@linkcode windowBytes}.
 * @throws {KernelError} If one of them is no array that can be split, or is changed in place or in part.
 */
export function bindWindows(
  source: string,
  windowed: readonly WindowedBinding[],
  { first, bytes }: { readonly first: number; readonly bytes: number },
): string {
  if (windowed.length === 0) return source;
  let text = withoutComments(source), next = first;
  const names: string[] = [], functions: string[] = [];
  for (const { binding, windows } of windowed) {
    const declaration = new RegExp(
      `@group\\(0\\)\\s*@binding\\(${binding}\\)\\s*var<storage[^>]*>\\s*(\\w+)\\s*:\\s*array<((?:[^<>]|<[^<>]*>)*)>;`,
    );
    const [found, name, type = ""] = declaration.exec(text) ?? [];
    const size = ELEMENT_BYTES[type];
    if (found === undefined || size === undefined) {
      throw new KernelError(
        `Cannot bind binding ${binding} in windows: it is ${
          found ? `${name}: array<${type}>` : "not declared"
        }, and an ` +
          `array of ${Object.keys(ELEMENT_BYTES).join(", ")} is needed`,
      );
    }
    const parts = [name!, ...Array.from({ length: windows - 1 }, (_, i) => `${name}_window_${i + 1}`)];
    const others = parts.slice(1).map((part) =>
      `@group(0) @binding(${next++}) var<storage, read_write> ${part}: array<${type}>;`
    );
    text = text.replace(declaration, () => [found, ...others].join("\n"));
    names.push(name!);
    functions.push(...lookups(parts, type, bytes / size));
  }
  const rewritten = rewriteAccesses(text, names, {
    purpose: (name) => `bind ${name} in windows`,
    load: (name, index) => `${name}_in_windows(u32(${index}))`,
    store: (name, index, value) => `set_${name}_in_windows(u32(${index}), ${value})`,
  });
  return `${rewritten}\n${functions.join("\n")}\n`;
}

/** WGSL functions that load and store an element of consecutive windows of `length` elements. */
function lookups(parts: readonly string[], type: string, length: number): string[] {
  const choose = (access: (part: string, index: string) => string) =>
    parts.map((part, i) => {
      const index = i === 0 ? "i" : `i - ${i * length}u`;
      const condition = i < parts.length - 1 ? `if (i < ${(i + 1) * length}u) ` : "";
      return `${condition}{ ${access(part, index)} }`;
    }).join(" else ");
  const name = parts[0];
  // One way out, so that invocations of a subgroup stay together.
  return [
    `fn ${name}_in_windows(i: u32) -> ${type} {\n  var value: ${type};\n  ${
      choose((part, index) => `value = ${part}[${index}];`)
    }\n  return value;\n}`,
    `fn set_${name}_in_windows(i: u32, value: ${type}) {\n  ${
      choose((part, index) => `${part}[${index}] = value;`)
    }\n}`,
  ];
}
