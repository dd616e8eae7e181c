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
  let text = source.replace(/\/\/.*$/gm, "");
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
  return `enable f16;\n${names.length > 0 ? convert(text, names) : text}`;
}

/** Converts where elements of the arrays are loaded and stored. */
function convert(text: string, names: readonly string[]): string {
  const access = new RegExp(`(?<![\\w.])(${names.join("|")})\\s*\\[`, "g");
  let out = "", at = 0;
  for (;;) {
    access.lastIndex = at;
    const found = access.exec(text);
    if (!found) return out + text.slice(at);
    const open = access.lastIndex - 1, close = closing(text, open);
    const element = `${found[1]}[${convert(text.slice(open + 1, close), names)}]`;
    const rest = text.slice(close + 1);
    out += text.slice(at, found.index);
    const assignment = /^\s*=(?!=)/.exec(rest);
    if (assignment) {
      const start = close + 1 + assignment[0].length, end = text.indexOf(";", start);
      out += `${element} = vec4<f16>(${convert(text.slice(start, end).trim(), names)});`;
      at = end + 1;
    } else if (/^\s*(?:[-+*/%&|^]=|<<=|>>=|\+\+|--|\.\w+\s*=(?!=)|\[)/.test(rest)) {
      throw new KernelError(
        `Cannot store ${found[1]} in f16: "${
          text.slice(found.index, text.indexOf(";", close) + 1)
        }" is no plain load or store`,
      );
    } else {
      out += `vec4f(${element})`;
      at = close + 1;
    }
  }
}

/** Where the bracket that `open` points at is closed. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "[") depth++;
    else if (text[i] === "]" && --depth === 0) return i;
  }
  throw new KernelError(`Cannot expand a kernel: "${text.slice(open, open + 40)}" lacks a "]"`);
}
