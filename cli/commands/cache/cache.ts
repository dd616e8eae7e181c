/** `cache`: what it holds, keeping it within bounds, checking and sharing it. @module */
import { cacheStats, collectGarbage } from "../../../pipeline/mod.ts";
import type { Command } from "../../terminal/command.ts";
import { UsageError } from "../../terminal/errors.ts";
import { cacheOf, shared } from "../../terminal/options.ts";
import { bytes, table } from "../../terminal/text.ts";
import { pin, unpin } from "./cache_pins.ts";
import { pull, push } from "./cache_transfer.ts";
import { verify } from "./cache_verify.ts";

const stats: Command = {
  name: "stats",
  summary: "count entries, blobs and bytes, stage by stage",
  options: [shared.cache, shared.json],
  async run(input) {
    const cache = cacheOf(input);
    const found = await cacheStats(cache);
    if (input.flag("json")) return input.terminal.print(JSON.stringify({ root: cache.root, ...found }));
    input.terminal.print(
      `${cache.root}: ${found.entries} entries, ${found.blobs} blobs, ${bytes(found.bytes)}`,
    );
    const rows = Object.entries(found.stages).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([stage, { entries, bytes: size }]) => [stage, String(entries), bytes(size)]);
    if (found.pinned > 0) input.terminal.print(`${found.pinned} pinned`);
    if (found.checkpointBytes > 0) {
      input.terminal.print(
        `${bytes(found.checkpointBytes)} of checkpoints, by which stages that were stopped go on`,
      );
    }
    if (rows.length > 0) input.terminal.print(`\n${table(["stage", "entries", "refers to"], rows)}`);
  },
};

const gc: Command = {
  name: "gc",
  summary: "take out what was not used for long, then the least recently used until the rest fits",
  options: [
    shared.cache,
    { name: "size", value: "GB", description: "most gigabytes to keep (default: 50)" },
    { name: "days", value: "n", description: "most days since the last use (default: 30)" },
    {
      name: "all",
      description: "take out all that is too old, even if nothing stays: else a clock may be wrong",
    },
    shared.json,
  ],
  async run(input) {
    const size = input.text("size");
    const gigabytes = Number(size ?? 50);
    if (!(gigabytes >= 0) || size?.trim() === "") {
      throw new UsageError(`Cannot read "--size ${size}": it must be a number of gigabytes, 0 or more`);
    }
    const maxAgeDays = input.integer("days") ?? 30;
    const maxBytes = gigabytes * 1e9, mayTakeAll = input.flag("all");
    const done = await collectGarbage(cacheOf(input), { maxBytes, maxAgeDays, mayTakeAll });
    if (input.flag("json")) return input.terminal.print(JSON.stringify(done));
    input.terminal.print(
      `took out ${done.entries} entries and ${done.blobs} blobs, ${bytes(done.freed)}; ${
        bytes(done.kept)
      } stay`,
    );
    for (const message of done.refused) input.terminal.print(message);
  },
};

/** The command. */
export const cache: Command = {
  name: "cache",
  summary: "look at the cache, bound it, check it, and share it",
  commands: [stats, gc, verify, pin, unpin, push, pull],
};
