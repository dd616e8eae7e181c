/** `plan --frozen`: holds the published results against the code. @module */
import type { CommandInput, OptionSpec } from "../../terminal/command.ts";
import { UsageError } from "../../terminal/errors.ts";
import { holdAgainst } from "../../results/frozen.ts";
import { cacheOf, resultsOf, shared } from "../../terminal/options.ts";
import { storedResults } from "../../results/results.ts";

/** Its options. */
export const frozenOptions: readonly OptionSpec[] = [{
  name: "frozen",
  description:
    "hold published results against the code and their own digests: fail if a key or a score is another one",
}, shared.results];

/** Holds the published results against the code. @returns 1 if one no longer is what the code gives. */
export async function frozen(input: CommandInput): Promise<number> {
  if (input.texts("set").length > 0 || input.text("seed") !== undefined) {
    throw new UsageError("Cannot take --set or --seed with --frozen: a published result has its own.");
  }
  const folder = resultsOf(input), [name] = input.positional;
  const results = (await storedResults(folder)).filter((result) =>
    name === undefined || result.name === name
  );
  if (results.length === 0) {
    const what = name === undefined ? "" : ` of "${name}"`;
    throw new UsageError(
      `Cannot find a published result${what} in "${folder}". Publish one: runs publish <run>.`,
    );
  }
  const cache = cacheOf(input);
  const found = [];
  for (const result of results) found.push({ path: result.path, ...await holdAgainst(result, cache) });
  const changed = found.filter(({ differences }) => differences.length > 0);
  const status = changed.length > 0 ? 1 : 0;
  if (input.flag("json")) {
    input.terminal.print(JSON.stringify(found));
    return status;
  }
  for (const { path, differences, isEdited, notes } of found) {
    const changed = isEdited ? "changed since it was published" : "no longer what the code gives";
    input.terminal.print(`${path}: ${differences.length === 0 ? "as published" : changed}`);
    for (const line of [...differences, ...notes]) input.terminal.print(`  ${line}`);
  }
  if (status === 1) {
    input.terminal.note(
      `error: ${changed.length} of ${found.length} published results no longer match the code. Undo the change, or train ` +
        `again and publish what comes out: runs publish <experiment>.`,
    );
  }
  return status;
}
