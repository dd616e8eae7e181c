import { rewriteAccesses, withoutComments } from "./accesses.ts";
import { KernelError } from "./errors.ts";

/**
 * Makes a shader keep some of its bindings in half precision. It computes in f32 as before: a value is widened where it is
 * loaded, and rounded to the nearest f16 where it is stored; beyond ±65504 it becomes infinite.
 *
 * Kernels are written once, in f32. The text is changed mechanically: `name[i]` becomes `vec4f(name[i])`, and
 * `name[i] = value;` becomes `name[i] = vec4<f16>(value);`. A binding declared as `array<vec4u>` moves bits, whatever they mean,
 * and stays.
 *
 * @param source WGSL, expanded (unroll.ts).
 * @param bindings Numbers of the bindings; without any the text stays as it is.
 * @throws {KernelError} If one of them is no array of vec4f, or is changed in place (`+=`) or in part (`.x =`).
 */
export function storeHalves(source: string, bindings: readonly number[]): string {
  if (bindings.length === 0) return source;
  let text = withoutComments(source);
  const names: string[] = [];
  for (const binding of bindings) {
    const declaration = new RegExp(
      `(@binding\\(${binding}\\)\\s*var<storage[^>]*>\\s*(\\w+)\\s*:\\s*)array<(\\w+)>`,
    );
    const [found, head, name, type] = declaration.exec(text) ?? [];
    if (type === "vec4u") continue;
    if (found === undefined || type !== "vec4f") {
      throw new KernelError(
        `Cannot store binding ${binding} in f16: it is ${
          found ? `${name}: array<${type}>` : "not declared"
        }, and an ` +
          "array<vec4f> is needed",
      );
    }
    text = text.replace(declaration, `${head}array<vec4<f16>>`);
    names.push(name!);
  }
  const converted = rewriteAccesses(text, names, {
    purpose: (name) => `store ${name} in f16`,
    load: (name, index) => `vec4f(${name}[${index}])`,
    store: (name, index, value) => `${name}[${index}] = vec4<f16>(${value})`,
  });
  return `enable f16;\n${converted}`;
}
