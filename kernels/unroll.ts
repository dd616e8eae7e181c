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
 * @throws {KernelError} If a block is not closed, a directive is none of these, or an expression is malformed.
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
    const directive = line.trim().replace(/\s*\/\/.*$/, "");
    if (directive === "#end") {
      if (nested) return [out, i + 1];
      return [out, i];
    }
    const block = /^#(?:(unroll)\s+([A-Za-z_]\w*)|(if))\s+(.+)$/.exec(directive);
    if (!block) {
      if (directive.startsWith("#")) {
        throw new KernelError(
          `Cannot expand a kernel: line ${
            i + 1
          }, "${directive}", is not #unroll NAME COUNT, #if CONDITION or #end`,
        );
      }
      out.push(line.replace(/\$\{([^}]*)\}/g, (_, expression) => String(evaluate(expression, scope))));
      i++;
      continue;
    }
    let end = i + 1;
    const [, , name, , expression] = block;
    const times = evaluate(expression!, scope);
    if (name === undefined) {
      const [body, after] = expand(lines, i + 1, scope, true);
      if (times !== 0) out.push(...body);
      end = after;
    } else {
      // The body is expanded at least once to find its end.
      for (let k = 0; k < Math.max(times, 1); k++) {
        const [body, after] = expand(lines, i + 1, { ...scope, [name]: k }, true);
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
  const tokens = expression.match(/\d+|[A-Za-z_]\w*|\S/g) ?? [];
  let at = 0;
  const fail = (reason: string): never => {
    throw new KernelError(`Cannot evaluate "${expression}" in a kernel: ${reason}`);
  };
  const atom = (): number => {
    const token = tokens[at++];
    if (token === undefined) return fail("it ends where a value is needed");
    if (token === "(") {
      const value = sum();
      if (tokens[at++] !== ")") fail('a ")" is missing');
      return value;
    }
    if (/^\d/.test(token)) return Number(token);
    if (!Object.hasOwn(scope, token)) fail(`"${token}" is not one of ${Object.keys(scope).join(", ")}`);
    return scope[token]!;
  };
  const product = (): number => {
    let value = atom();
    while (tokens[at] === "*" || tokens[at] === "/" || tokens[at] === "%") {
      const operator = tokens[at++];
      const right = atom();
      if (operator !== "*" && right === 0) fail("it divides by 0");
      value = operator === "*" ? value * right : operator === "/" ? Math.floor(value / right) : value % right;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-") value += tokens[at++] === "+" ? product() : -product();
    return value;
  };
  const value = sum();
  if (at < tokens.length) fail(`"${tokens[at]}" is not expected`);
  return value;
}
