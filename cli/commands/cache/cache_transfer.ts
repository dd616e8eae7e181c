/** `cache push`, `cache pull`: results to and from the remote cache. @module */
import { type Entry, plan, pull as pullGraph, type PulledNode, UserError } from "../../../pipeline/mod.ts";
import type { Command, CommandInput } from "../../terminal/command.ts";
import { graphOf } from "../../experiment/planning.ts";
import { cacheOf, experimentArgument, seedsOf, shared } from "../../terminal/options.ts";
import { remoteVariables } from "../../../runtime/host/variables.ts";
import { needRemote, remoteHelp } from "../../../runtime/remote.ts";
import { bytes } from "../../terminal/text.ts";

const options = [shared.set, shared.seeds, shared.cache, shared.json];

/** The command. */
export const pull: Command = {
  name: "pull",
  summary: "bring an experiment's results from the remote cache; nothing is run",
  details: remoteHelp,
  arguments: [experimentArgument],
  options,
  async run(input) {
    const remote = needRemote(cacheOf(input), input.terminal);
    const graph = await graphOf(input);
    const nodes: (PulledNode & { readonly seed: number })[] = [];
    for (const seed of seedsOf(input)) {
      for (const node of await pullGraph(graph, remote, { seed })) nodes.push({ seed, ...node });
    }
    const count = (state: string) => nodes.filter((node) => node.state === state).length;
    const [pulled, here, missing] = [count("pulled"), count("here"), count("missing")];
    if (input.flag("json")) {
      input.terminal.print(JSON.stringify({ pulled, here, missing, bytes: remote.pulledBytes, nodes }));
    } else {
      input.terminal.print(
        `pulled ${pulled} results, ${bytes(remote.pulledBytes)}; ${here} were here; ${missing} ${
          remote.remote.unanswered === undefined && !remote.lackedRoom ? "are not there" : "could not be had"
        }`,
      );
    }
    const { isAway, unanswered } = remote.remote;
    if (!isAway && unanswered !== undefined) {
      input.terminal.note(
        `error: ${unanswered}: what it has is not known. Look at the server, and pull again.`,
      );
    }
    return isAway || unanswered !== undefined || remote.lackedRoom ? 1 : 0;
  },
};

/** The command. */
export const push: Command = {
  name: "push",
  summary: "put results into the remote cache: an experiment's, or all of the cache",
  details: remoteHelp,
  arguments: [{
    ...experimentArgument,
    description: "a name in configs/ or a file (default: the whole cache)",
  }],
  options,
  async run(input) {
    const remote = needRemote(cacheOf(input), input.terminal);
    if (!remote.remote.takesUploads) {
      throw new UserError(`Cannot push: ${remoteVariables.mode} must be read-write for that.`);
    }
    let whole = 0, files = 0, entries = 0;
    for (const entry of await entriesToPush(input)) {
      entries++;
      const put = await remote.push(entry);
      if (put !== undefined) whole++, files += put;
      else if (remote.remote.isAway || !remote.remote.takesUploads) break;
    }
    if (input.flag("json")) input.terminal.print(JSON.stringify({ results: whole, files }));
    else input.terminal.print(`${whole} results are there; ${files} files were put there for it`);
    return whole === entries ? 0 : 1;
  },
};

async function entriesToPush(input: CommandInput): Promise<Entry[]> {
  const cache = cacheOf(input);
  let keys;
  if (input.positional[0] === undefined) keys = (await cache.keys()).map(({ key }) => key);
  else {
    const graph = await graphOf(input);
    const plans = await Promise.all(seedsOf(input).map((seed) => plan(graph, { cache, seed, why: false })));
    keys = plans.flatMap(({ nodes }) => nodes).filter(({ state }) => state === "hit").map(({ key }) => key!);
  }
  const found = await Promise.all([...new Set(keys)].map((key) => cache.find(key)));
  return found.flatMap(({ entry }) => entry ?? []);
}
