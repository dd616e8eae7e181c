/** `partitions get`: brings the published lists into the folder of lists. @module */
import { folderSource } from "../../../partitions/copies.ts";
import { type Installed, installPartitions, type ListSource } from "../../../partitions/install.ts";
import { uniMatch } from "../../../partitions/publishers.ts";
import { writeAtomically } from "../../../pipeline/files/files.ts";
import type { Command, CommandInput } from "../../terminal/command.ts";
import { UsageError } from "../../terminal/errors.ts";
import { typedPath } from "../../experiment/experiment.ts";
import { serverSource } from "../../process/list_server.ts";
import { shared } from "../../terminal/options.ts";
import { folderOf, listsOption, namedPartitions } from "../../terminal/partition_options.ts";

/** The command. */
export const get: Command = {
  name: "get",
  summary: "get the published lists from a copy or a server; only lists that are as published are written",
  details:
    `Without --from the lists come from ${uniMatch.page} at commit ${uniMatch.commit} (license: ${uniMatch.license}).
Exits 1 if a partition that is asked for cannot be had as published; nothing of it is written then.`,
  arguments: [{ name: "names", description: "partitions (default: all)", count: "several" }],
  options: [
    {
      name: "from",
      value: "folder or URL",
      description: "a checkout of UniMatch or of CCVC, a folder of lists, or the address of either",
    },
    { name: "timeout", value: "seconds", description: "longest wait for one list of a server (default: 60)" },
    listsOption,
    shared.json,
  ],
  async run(input) {
    const partitions = namedPartitions(input.positional);
    const source = await sourceOf(input);
    const results = await installPartitions(partitions, source, folderOf(input), writeAtomically);
    const asked = input.positional.length > 0 || results.every(({ state }) => state === "absent");
    if (input.flag("json")) input.terminal.print(JSON.stringify(results));
    else for (const result of results) for (const line of told(result, source)) input.terminal.print(line);
    return results.some(({ state }) => state === "refused" || (asked && state === "absent")) ? 1 : 0;
  },
};

async function sourceOf(input: CommandInput): Promise<ListSource> {
  const from = input.text("from");
  const seconds = input.integer("timeout") ?? 60;
  if (seconds < 1 || seconds > 3600) {
    throw new UsageError(`Cannot take "--timeout ${seconds}": it must be 1 to 3600 seconds`);
  }
  if (from === undefined) return serverSource(uniMatch.lists, seconds);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(from)) return serverSource(from, seconds);
  return await folderSource(typedPath(from));
}

function told({ name, state, written, replaced, problems }: Installed, source: ListSource): string[] {
  switch (state) {
    case "present":
      return [`${name}: as published already`];
    case "written": {
      const again = replaced.length > 0 ? `; replaced, as they differed: ${replaced.join(", ")}` : "";
      return [`${name}: ${written.length} ${written.length === 1 ? "list" : "lists"} written${again}`];
    }
    case "absent":
      return [`${name}: not in ${source.name}`];
    case "refused":
      return [`${name}: refused, nothing written`, ...problems.map((problem) => `  ${problem}`)];
  }
}
