/** `cache pin`, `cache unpin`: results that no collection takes away. @module */
import {
  type Cache,
  pin as pinKeys,
  pinnedKeys,
  unpin as unpinKeys,
  UserError,
} from "../../../pipeline/mod.ts";
import type { Command, CommandInput } from "../../terminal/command.ts";
import { UsageError } from "../../terminal/errors.ts";
import { cacheOf, runsOf, shared } from "../../terminal/options.ts";
import { findRun } from "../../runs/stored_runs.ts";

const what = {
  name: "what",
  description: "id of a run, its beginning, or latest; or the key of an entry, 8 digits of it or more",
} as const;

/** The command. */
export const pin: Command = {
  name: "pin",
  summary: "keep a run's results whatever the bounds; without an argument: list what is pinned",
  arguments: [{ ...what, count: "optional" }],
  options: [shared.cache, shared.runs, shared.json],
  async run(input) {
    const cache = cacheOf(input);
    const [given] = input.positional;
    if (given !== undefined) {
      const { keys, name } = await keysOf(input, given, cache, (await cache.keys()).map(({ key }) => key));
      const gone = await missing(cache, keys);
      await pinKeys(cache, keys, name);
      if (gone > 0) {
        input.terminal.note(`${gone} of them are not in the cache now, and are pinned once they are.`);
      }
      if (input.flag("json")) return input.terminal.print(JSON.stringify({ pinned: keys }));
      return input.terminal.print(
        `pinned ${keys.length} ${keys.length === 1 ? "result" : "results"} of ${name}`,
      );
    }
    const rows = await Promise.all([...pinnedKeys(cache)].map(async (key) => ({
      key,
      stage: (await cache.peek(key))?.stage,
    })));
    if (input.flag("json")) return input.terminal.print(JSON.stringify(rows));
    if (rows.length === 0) input.terminal.print("nothing is pinned");
    for (const { key, stage } of rows) {
      input.terminal.print(`${key.slice(0, 12)}  ${stage ?? "not in the cache"}`);
    }
  },
};

/** The command. */
export const unpin: Command = {
  name: "unpin",
  summary: "let the bounds count again for what was pinned",
  arguments: [what],
  options: [shared.cache, shared.runs, shared.json],
  async run(input) {
    const cache = cacheOf(input);
    const { keys, name } = await keysOf(input, input.positional[0]!, cache, [...pinnedKeys(cache)]);
    const count = await unpinKeys(cache, keys);
    if (count === 0) throw new UserError(`Cannot unpin ${name}: it is not pinned.`);
    if (input.flag("json")) return input.terminal.print(JSON.stringify({ unpinned: count }));
    input.terminal.print(`took ${count} ${count === 1 ? "pin" : "pins"} off ${name}`);
  },
};

/** The keys that a run's id or the beginning of a key stands for. */
async function keysOf(
  input: CommandInput,
  given: string,
  cache: Cache,
  known: readonly string[],
): Promise<{ keys: string[]; name: string }> {
  const fits = /^[0-9a-f]{8,64}$/.test(given) ? known.filter((key) => key.startsWith(given)) : [];
  if (fits.length === 1) return { keys: fits, name: `key ${fits[0]!.slice(0, 12)}` };
  if (fits.length > 1) throw new UsageError(`"${given}" fits ${fits.length} keys. Give more of it.`);
  if (/^[0-9a-f]{64}$/.test(given)) throw new UserError(`Cannot find the key ${given} in "${cache.root}".`);
  const { id, nodes = [] } = await findRun(given, runsOf(input));
  if (nodes.length === 0) throw new UserError(`Cannot take the keys of run "${id}": it did not end well.`);
  return { keys: [...new Set(nodes.map(({ key }) => key))].sort(), name: `run ${id}` };
}

async function missing(cache: Cache, keys: readonly string[]): Promise<number> {
  const found = await Promise.all(keys.map((key) => cache.peek(key)));
  return found.filter((entry) => entry === undefined).length;
}
