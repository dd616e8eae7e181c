/** `--sweep`: settings in several values, each with each. @module */
import { type Override, parseSet } from "../../pipeline/mod.ts";
import type { CommandInput, OptionSpec } from "./command.ts";
import { UsageError } from "./errors.ts";

/** `--sweep`. */
export const sweepOption: OptionSpec = {
  name: "sweep",
  value: "stage.key=values",
  description: "run with each of the values, e.g. co-train.baseRate=0.01,0.02; several: each with each",
  repeats: true,
};

/** One choice of values. */
export interface SweepPoint {
  /** How tables name it: the settings, in the order in which they were given. */
  readonly name: string;
  readonly overrides: readonly Override[];
}

/** Most choices: each is a training, at least. */
const mostPoints = 1000;

/**
 * All choices of what `--sweep` names, the last one varying fastest; none without it.
 *
 * @throws {UsageError} If one has no values or the same setting twice, or there are too many choices.
 */
export function sweepOf(input: CommandInput): SweepPoint[] {
  const axes = input.texts("sweep").map(parseSweep);
  if (axes.length === 0) return [];
  const names = axes.map(({ name }) => name), twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new UsageError(`Cannot sweep ${twice} twice: write its values in one --sweep.`);
  }
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > mostPoints) {
    throw new UsageError(`Cannot sweep ${count} choices of values; ${mostPoints} are run at most.`);
  }
  const start: SweepPoint[] = [{ name: "", overrides: [] }];
  return axes.reduce((points, { name, values }) =>
    points.flatMap((point) =>
      values.map((value) => ({
        name: `${point.name} ${name}=${value}`.trim(),
        overrides: [...point.overrides, parseSet(`${name}=${value}`)],
      }))
    ), start);
}

/** Reads `stage.key=a,b`; a comma within brackets, braces or quotes is a value's own. */
function parseSweep(text: string): { readonly name: string; readonly values: readonly string[] } {
  const at = text.indexOf("=");
  const values = splitValues(text.slice(at + 1));
  if (at < 1 || values.some((value) => value === "")) {
    throw new UsageError(
      `Cannot read "--sweep ${text}": it must be stage.key=value,value,…, e.g. --sweep co-train.baseRate=0.01,0.02`,
    );
  }
  const twice = values.find((value, i) => values.indexOf(value) < i);
  if (twice !== undefined) throw new UsageError(`Cannot read "--sweep ${text}": ${twice} is in it twice.`);
  return { name: text.slice(0, at), values };
}

function splitValues(text: string): string[] {
  const values = [""];
  let depth = 0, quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    else if (!quoted && "[{".includes(character)) depth++;
    else if (!quoted && "]}".includes(character)) depth--;
    if (character === "," && depth === 0 && !quoted) values.push("");
    else values[values.length - 1] += character;
  }
  return values.map((value) => value.trim());
}
