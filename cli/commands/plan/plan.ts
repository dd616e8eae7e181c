/** `plan`: what would run. @module */
import { benchmarksOf } from "../../../runtime/runs/benchmarks.ts";
import type { Command } from "../../terminal/command.ts";
import { explainOption, printExplanation } from "../../experiment/explain.ts";
import { experimentArgument, setHelp } from "../../terminal/options.ts";
import { planningOptions, planOf, stagesTable } from "../../experiment/planning.ts";
import { UsageError } from "../../terminal/errors.ts";
import { frozen, frozenOptions } from "./plan_frozen.ts";
import { memoryOption, printMemory } from "./plan_memory.ts";

/** The command. */
export const plan: Command = {
  name: "plan",
  summary: "show what would run and what is in the cache, without doing anything",
  details: `${setHelp}\n\n--json prints the whole plan: nodes, edges, parsed configs, parts of the keys.
--frozen computes the keys of the results in results/ again (of one experiment, or of all) and names the parts that
differ. It runs nothing and needs no cache and no adapter.
--memory captures the steps of training on the adapter without running one, and needs no data: parameters, workspace,
peak, the adapter's limits. It ends with status 1 and says what would fit where that does not.`,
  arguments: [experimentArgument],
  options: [...planningOptions, explainOption, memoryOption, ...frozenOptions],
  async run(input) {
    const chosen = ["frozen", "explain", "memory"].filter((name) => input.flag(name));
    if (chosen.length > 1) {
      throw new UsageError(
        `Cannot take ${chosen.map((name) => `--${name}`).join(" and ")} together; give one of them.`,
      );
    }
    if (input.flag("frozen")) return await frozen(input);
    if (input.flag("memory")) return await printMemory(input);
    if (input.flag("explain")) return await printExplanation(input);
    const found = await planOf(input, { why: true });
    if (input.flag("json")) return input.terminal.print(JSON.stringify(found));
    const benchmarks = benchmarksOf(found.nodes).map((name) => `benchmark: ${name}\n`).join("");
    input.terminal.print(
      `${found.pipeline}, seed ${found.seed}\n${benchmarks}\n${stagesTable(found)}`,
    );
    const set = found.nodes.flatMap(({ id, origins }) =>
      Object.entries(origins).filter(([, origin]) => origin === "set").map(([leaf]) => `${id}.${leaf}`)
    );
    if (set.length > 0) input.terminal.print(`\nset on the command line: ${set.join(", ")}`);
  },
};
