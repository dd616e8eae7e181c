import { KernelError } from "../errors.ts";

/** Lines, each with the line that it comes from: `file 12`. */
export interface ExpandedText {
  readonly lines: readonly string[];
  readonly origins: readonly string[];
}

/** A text with what it is called in messages. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/**
 * Expands the directives of a WGSL file.
 *
 * A register tile must be spelled out: naga bounds every loop, and an array that is indexed at run time leaves the
 * registers. The file stays the readable original:
 *
 * ```wgsl
 * #unroll R ROWS          // repeated for R = 0 … ROWS − 1; blocks nest
 * var sum${R} = vec4f();
 * #end
 * #if BIAS                // kept where the constant is not 0
 * sum${R} += load_bias(column);
 * #else                   // kept where it is 0
 * #end
 * #include walk           // a text that the kernel names
 * ```
 *
 * `${…}` holds integer arithmetic (`+ - * / %`, parentheses) over the constants and the block variables; `/` rounds down.
 *
 * @param constants Values of the names in upper case.
 * @param includes Texts by name; they may have directives of their own.
 * @throws {KernelError} If a block is not closed, a directive is none of these, or an expression is malformed.
 */
export function expand(
  { name, text }: NamedText,
  constants: Readonly<Record<string, number>>,
  includes: Readonly<Record<string, string>> = {},
): ExpandedText {
  const expander = new Expander(name, text.split("\n"), includes);
  const out = expander.block(constants, undefined);
  return { lines: out.map(({ line }) => line), origins: out.map(({ origin }) => origin) };
}

interface Line {
  readonly line: string;
  readonly origin: string;
}

type Scope = Readonly<Record<string, number>>;

/** Goes through the lines of one text; `#else` and `#end` stop a block. */
class Expander {
  #at = 0;

  constructor(
    readonly name: string,
    readonly lines: readonly string[],
    readonly includes: Readonly<Record<string, string>>,
  ) {}

  /**
   * Expands up to the end of a block, which is left behind.
   *
   * @param opened Number of the line that opened it; without one, the block is the whole text.
   */
  block(scope: Scope, opened: number | undefined, ends: readonly string[] = []): Line[] {
    const out: Line[] = [];
    for (; this.#at < this.lines.length; this.#at++) {
      const line = this.lines[this.#at]!, words = directive(line);
      if (words === undefined) {
        out.push({ line: substitute(line, scope), origin: this.#origin() });
        continue;
      }
      if (words[0] === "#end" || words[0] === "#else") {
        if (ends.includes(words[0]!)) return out;
        throw this.#refuse(`"${words[0]}" closes no block`);
      }
      out.push(...this.#directive(words, scope));
    }
    if (opened === undefined) return out;
    throw new KernelError(`Cannot expand ${this.name}: the block of line ${opened} is not closed by #end`);
  }

  #directive([word, ...rest]: readonly string[], scope: Scope): Line[] {
    const opened = this.#at + 1;
    if (word === "#include" && rest.length === 1) {
      const text = this.includes[rest[0]!];
      if (text === undefined) throw this.#refuse(`no text is called "${rest[0]}"`);
      return new Expander(rest[0]!, text.split("\n"), this.includes).block(scope, undefined);
    }
    if (word === "#if" && rest.length > 0) {
      const holds = evaluate(rest.join(" "), scope) !== 0;
      this.#at++;
      const kept = this.block(scope, opened, ["#end", "#else"]);
      if (directive(this.lines[this.#at]!)![0] === "#end") return holds ? kept : [];
      this.#at++;
      const other = this.block(scope, opened, ["#end"]);
      return holds ? kept : other;
    }
    if (word === "#unroll" && rest.length > 1) {
      const [name, ...count] = rest as [string, ...string[]];
      const times = evaluate(count.join(" "), scope), body = this.#at + 1, out: Line[] = [];
      // The body is expanded at least once to find its end.
      for (let k = 0; k < Math.max(times, 1); k++) {
        this.#at = body;
        const expanded = this.block({ ...scope, [name]: k }, opened, ["#end"]);
        if (k < times) out.push(...expanded);
      }
      return out;
    }
    throw this.#refuse(
      `"${[word, ...rest].join(" ")}" is not #unroll NAME COUNT, #if CONDITION, #else, #end or #include NAME`,
    );
  }

  #origin(): string {
    return `${this.name}, line ${this.#at + 1}`;
  }

  #refuse(reason: string): KernelError {
    return new KernelError(`Cannot expand ${this.#origin()}: ${reason}`);
  }
}

/** The words of a directive, without a comment; undefined for a line of WGSL. */
function directive(line: string): string[] | undefined {
  const text = line.trim();
  if (!text.startsWith("#")) return undefined;
  const comment = text.indexOf("//");
  return (comment < 0 ? text : text.slice(0, comment)).trim().split(/\s+/);
}

/** A line with the values of its expressions. */
function substitute(line: string, scope: Scope): string {
  const [first, ...parts] = line.split("${") as [string, ...string[]];
  return first + parts.map((part) => {
    const end = part.indexOf("}");
    return `${evaluate(part.slice(0, end), scope)}${part.slice(end + 1)}`;
  }).join("");
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
