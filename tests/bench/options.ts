/** How benches read their command lines. */
import { parseArgs, type ParseArgsConfig } from "node:util";

type Specs = NonNullable<ParseArgsConfig["options"]>;

/**
 * Reads options by `read`.
 *
 * @param read Gets the texts, and a reader of whole numbers with their least value. Throws a RangeError for a mistake.
 * @throws {RangeError} If there is a mistake in them.
 */
export function parseOptions<S extends Specs, T>(
  args: readonly string[],
  options: S,
  read: (
    values: ReturnType<typeof parseArgs<{ args: string[]; options: S }>>["values"],
    whole: (name: string, least: number) => number,
  ) => T,
): T {
  try {
    const { values } = parseArgs({ args: [...args], options });
    return read(values, (name, least) => {
      const text = String((values as Record<string, unknown>)[name]);
      if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
      throw new RangeError(`Cannot read "--${name} ${text}": it must be a whole number, ${least} or more`);
    });
  } catch (error) {
    // parseArgs throws TypeErrors with codes of their own for what it does not know.
    if (error instanceof TypeError && "code" in error) throw new RangeError(error.message, { cause: error });
    throw error;
  }
}

/** Gives what `read` reads; a mistake that it finds ends the process with status 2, as in every command. */
export function orExit<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
