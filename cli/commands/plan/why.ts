/** `why`: what differs from the nearest earlier result, for each stage that would run. @module */
import type { Command } from "../../terminal/command.ts";
import { experimentArgument, setHelp } from "../../terminal/options.ts";
import { planningOptions, planOf } from "../../experiment/planning.ts";

/** The command. */
export const why: Command = {
  name: "why",
  summary: "say why a stage would run: the part of its key that differs from the nearest earlier result",
  details: setHelp,
  arguments: [experimentArgument],
  options: planningOptions,
  async run(input) {
    const { nodes } = await planOf(input, { why: true });
    const found = nodes.map(({ id, state, why = [], waitingFor = [] }) => ({ id, state, why, waitingFor }));
    if (input.flag("json")) return input.terminal.print(JSON.stringify(found));
    for (const { id, state, why, waitingFor } of found) {
      if (state === "hit") {
        input.terminal.print(`${id}: in the cache`);
        continue;
      }
      const waits = state === "waiting" ? `waits for ${waitingFor.join(", ")}` : "runs";
      input.terminal.print(`${id}: ${waits}`);
      for (const line of why) input.terminal.print(`  ${line}`);
    }
  },
};
