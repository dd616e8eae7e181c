/** `cache verify`: stages run again and compared, or every byte read again. @module */
import { type Cache, Events, type VerifiedNode, verifyBlobs, verifyStages } from "../../../pipeline/mod.ts";
import type { Command, CommandInput } from "../../terminal/command.ts";
import { UsageError } from "../../terminal/errors.ts";
import { graphOf } from "../../experiment/planning.ts";
import { type FileDistance, fileDistance } from "../../runs/file_distance.ts";
import { cacheOf, experimentArgument, seedsOf, shared } from "../../terminal/options.ts";
import { Progress } from "../../terminal/progress.ts";
import { withSession } from "../../runs/session.ts";
import { notesOnly, type Terminal } from "../../terminal/terminal.ts";
import { bytes } from "../../terminal/text.ts";

type Verified = VerifiedNode<FileDistance>;

/** The command. */
export const verify: Command = {
  name: "verify",
  summary: "run an experiment's stages again, without their cached results, and compare the bytes",
  details:
    `On the adapter and driver that made a result the bytes must be equal: exit status 1 if not. On another one it
says how far apart they are: for weights, the largest difference of each group of tensors, relative to the
largest value of the tensor. Nothing is stored.

--all-blobs runs nothing: it reads every byte of the cache, and takes out what has another digest than its name.`,
  arguments: [
    experimentArgument,
    { name: "stage", description: "id of the only stage to run", count: "optional" },
  ],
  options: [
    shared.set,
    shared.seed,
    shared.cache,
    { name: "all-blobs", description: "read every blob and entry instead" },
    shared.json,
  ],
  run: (input) => input.flag("all-blobs") ? readAll(input) : runAgain(input),
};

async function readAll(input: CommandInput): Promise<number> {
  if (input.positional.length > 0) {
    throw new UsageError("Cannot take an experiment with --all-blobs: that reads the whole cache.");
  }
  const cache = cacheOf(input);
  const found = await verifyBlobs(cache);
  if (input.flag("json")) input.terminal.print(JSON.stringify(found));
  else {
    for (const line of found.damage) input.terminal.print(line);
    const { blobs, entries, damage } = found;
    const rest = damage.length === 0
      ? "all as they should be"
      : `${damage.length} were damaged and are taken out`;
    input.terminal.print(`read ${blobs} blobs, ${bytes(found.bytes)}, and ${entries} entries: ${rest}`);
  }
  return found.damage.length === 0 ? 0 : 1;
}

async function runAgain(input: CommandInput): Promise<number> {
  const graph = await graphOf(input);
  const json = input.flag("json");
  const terminal = json ? notesOnly(input.terminal) : input.terminal;
  const cache = cacheOf(input);
  const [seed = 0] = seedsOf(input);
  const nodes = await withSession({ terminal, cache, runs: "" }, async ({ gpu, signal, facts }) => {
    const events = new Events();
    const progress = new Progress(terminal);
    events.on((event) => progress.on(event));
    return await verifyStages(graph, {
      cache,
      seed,
      only: input.positional[1],
      resources: { gpu: () => gpu.resource() },
      events,
      signal,
      facts,
      describe: fileDistance,
    });
  });
  const found = nodes.map((node) => ({ ...node, elsewhere: elsewhere(node) }));
  if (json) input.terminal.print(JSON.stringify(found));
  else for (const node of found) report(node, node.elsewhere, cache, terminal);
  return found.every(({ state, elsewhere }) => state === "equal" || (state === "differs" && elsewhere !== ""))
    ? 0
    : 1;
}

/** What is another machine's between two executions; empty if all is the same, and the bytes should be, too. */
function elsewhere({ before, after }: Verified): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    .filter((name) => name.startsWith("gpu.") || name === "system" || name === "deno");
  return names.filter((name) => before[name] !== after[name])
    .map((name) =>
      `${name.replace("gpu.", "")} ${before[name] ?? "unknown"} before, ${after[name] ?? "none"} now`
    )
    .join("; ");
}

function report(node: Verified, elsewhere: string, cache: Cache, { print }: Terminal): void {
  const { id, state, differences } = node;
  if (state === "missing") {
    return print(`${id}: its result is not in "${cache.root}"; run the experiment first`);
  }
  const where = elsewhere === "" ? "" : ` (${elsewhere})`;
  if (state === "equal") return print(`${id}: equal to the bit${where}`);
  print(
    elsewhere === ""
      ? `${id}: DIFFERS, though adapter, driver and Deno are the same`
      : `${id}: differs, as it may elsewhere${where}`,
  );
  for (const { file, lines } of differences) for (const line of lines) print(`  ${file}: ${line}`);
}
