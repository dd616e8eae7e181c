/** How benches read their command lines. */
import { parseArgs, type ParseArgsConfig } from "node:util";

type Specs = NonNullable<ParseArgsConfig["options"]>;

/**
 * Reads options by `read`; a mistake in them ends the process with status 2, as in every command.
 *
 * @param read Gets the texts, and a reader of whole numbers with their least value. Throws a RangeError for a mistake.
 */
export function readOptions<S extends Specs, T>(
  options: S,
  read: (
    values: ReturnType<typeof parseArgs<{ args: string[]; options: S }>>["values"],
    whole: (name: string, least: number) => number,
  ) => T,
): T {
  try {
    const { values } = parseArgs({ args: Deno.args, options });
    return read(values, (name, least) => {
      const text = String((values as Record<string, unknown>)[name]), value = Number(text);
      if (text !== "" && Number.isInteger(value) && value >= least) return value;
      throw new RangeError(`Cannot read "--${name} ${text}": it must be a whole number, ${least} or more`);
    });
  } catch (error) {
    // parseArgs throws TypeErrors with codes of their own for what it does not know.
    const isMistake = error instanceof RangeError || error instanceof TypeError && "code" in error;
    if (!isMistake) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
