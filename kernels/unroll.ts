import { KernelError } from "./errors.ts";

/**
 * Expands the `#unroll` blocks of a WGSL file.
 *
 * A register tile must be spelled out: naga bounds every loop, and an array that is indexed at run time leaves the
 * registers. The file stays the readable original:
 *
 * ```wgsl
 * #unroll R ROWS          // repeated for R = 0 … ROWS − 1; blocks nest
 * var sum${R} = vec4f();
 * #end
 * #if BIAS                // kept where the constant is not 0
 * sum${R} += bias[column];
 * #end
 * ```
 *
 * `${…}` holds integer arithmetic (`+ - * / %`, parentheses) over the constants and the block variables; `/` rounds down.
 *
 * @param source The file's text.
 * @param constants Values of the names in upper case.
 * @throws {KernelError} If a block is not closed or a name is unknown.
 */
export function unroll(source: string, constants: Readonly<Record<string, number>>): string {
  const lines = source.split("\n");
  const [text, next] = expand(lines, 0, constants, false);
  if (next !== lines.length) {
    throw new KernelError(`Cannot expand a kernel: line ${next + 1} closes no block`);
  }
  return text.join("\n");
}

function expand(
  lines: readonly string[],
  start: number,
  scope: Readonly<Record<string, number>>,
  nested: boolean,
): [string[], number] {
  const out: string[] = [];
  let i = start;
  while (i < lines.length) {
    const line = lines[i]!;
    const directive = line.trim();
    if (directive === "#end") {
      if (nested) return [out, i + 1];
      return [out, i];
    }
    const block = /^#(unroll|if)\s+(.+?)(?:\s*\/\/.*)?$/.exec(directive);
    if (!block) {
      out.push(line.replace(/\$\{([^}]*)\}/g, (_, expression) => String(evaluate(expression, scope))));
      i++;
      continue;
    }
    let end = i + 1;
    if (block[1] === "if") {
      const [body, after] = expand(lines, i + 1, scope, true);
      if (evaluate(block[2]!, scope) !== 0) out.push(...body);
      end = after;
    } else {
      const [, name, count] = /^(\w+)\s+(.+)$/.exec(block[2]!)!;
      const times = evaluate(count!, scope);
      // The body is expanded at least once to find its end.
      for (let k = 0; k < Math.max(times, 1); k++) {
        const [body, after] = expand(lines, i + 1, { ...scope, [name!]: k }, true);
        if (k < times) out.push(...body);
        end = after;
      }
    }
    i = end;
  }
  if (nested) {
    throw new KernelError(`Cannot expand a kernel: the block of line ${start} is not closed by #end`);
  }
  return [out, i];
}

/** Integer arithmetic over named constants, by recursive descent. */
function evaluate(expression: string, scope: Readonly<Record<string, number>>): number {
  const tokens = expression.match(/\d+|\w+|[-+*/%()]/g) ?? [];
  let at = 0;
  const atom = (): number => {
    const token = tokens[at++];
    if (token === "(") {
      const value = sum();
      at++;
      return value;
    }
    if (token !== undefined && /^\d/.test(token)) return Number(token);
    const value = token === undefined ? undefined : scope[token];
    if (value === undefined) {
      throw new KernelError(
        `Cannot evaluate "${expression}" in a kernel: "${token}" is not one of ${Object.keys(scope)}`,
      );
    }
    return value;
  };
  const product = (): number => {
    let value = atom();
    while (tokens[at] === "*" || tokens[at] === "/" || tokens[at] === "%") {
      const operator = tokens[at++];
      const right = atom();
      value = operator === "*" ? value * right : operator === "/" ? Math.floor(value / right) : value % right;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-") value += tokens[at++] === "+" ? product() : -product();
    return value;
  };
  return sum();
}
