import { KernelError } from "./errors.ts";

/** How the loads and stores of a storage array are written instead. */
export interface AccessRewriting {
  /** What cannot be done where an access is neither, as in "store x in f16". */
  readonly purpose: (name: string) => string;
  /** A load's expression. */
  readonly load: (name: string, index: string) => string;
  /** A store's statement, without the semicolon. */
  readonly store: (name: string, index: string, value: string) => string;
}

/** Takes comments out, in which an array's name would be taken for an access. */
export function withoutComments(source: string): string {
  return source.replace(/\/\/.*$/gm, "");
}

/**
 * Rewrites where elements of storage arrays are loaded (`name[i]`) and stored (`name[i] = value;`); indices and values are
 * rewritten, too.
 *
 * @param text WGSL, expanded (unroll.ts), without comments.
 * @throws {KernelError} If an element is changed in place (`+=`), in part (`.x =`) or passed on by its address.
 */
export function rewriteAccesses(text: string, names: readonly string[], rewriting: AccessRewriting): string {
  if (names.length === 0) return text;
  const access = new RegExp(`(?<![\\w.])(${names.join("|")})\\s*\\[`, "g");
  const inner = (part: string) => rewriteAccesses(part, names, rewriting);
  let out = "", at = 0;
  for (;;) {
    access.lastIndex = at;
    const found = access.exec(text);
    if (!found) return out + text.slice(at);
    const open = access.lastIndex - 1, close = closing(text, open);
    const name = found[1]!, index = inner(text.slice(open + 1, close));
    const rest = text.slice(close + 1);
    out += text.slice(at, found.index);
    const assignment = /^\s*=(?!=)/.exec(rest);
    if (assignment) {
      const start = close + 1 + assignment[0].length, end = text.indexOf(";", start);
      out += `${rewriting.store(name, index, inner(text.slice(start, end).trim()))};`;
      at = end + 1;
    } else if (
      /^\s*(?:[-+*/%&|^]=|<<=|>>=|\+\+|--|\.\w+\s*=(?!=)|\[)/.test(rest) || /(?<!&)&\s*$/.test(out)
    ) {
      throw new KernelError(
        `Cannot ${rewriting.purpose(name)}: "${
          text.slice(found.index, text.indexOf(";", close) + 1)
        }" is no plain load or store`,
      );
    } else {
      out += rewriting.load(name, index);
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
