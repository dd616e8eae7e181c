/** `compare`: the same data, steps and backbone, by several methods. @module */
import type { Command } from "../terminal/command.ts";
import { lastingName } from "../experiment/experiment.ts";
import { methodsText } from "../runs/methods_table.ts";
import {
  cacheOf,
  experimentArgument,
  experimentName,
  overrides,
  runsOf,
  seedsOf,
  setHelp,
  shared,
  tensorboardOf,
  untilOf,
} from "../terminal/options.ts";
import { withComparison } from "../runs/comparison.ts";
import { withSession } from "../runs/session.ts";
import { methodsOption, methodWays, namedMethods } from "../runs/method_ways.ts";
import { runUntil, runWays } from "../runs/ways.ts";
import { notesOnly } from "../terminal/terminal.ts";

/** The command. */
export const compare: Command = {
  name: "compare",
  summary:
    "train by several methods over seeds, labels alone unless told: mIoU, its difference to labels alone, cost",
  details:
    `All see the same data, steps and backbone. The experiment's own method has the experiment's options, another
those that the experiment's file has for it (export const methods = [cps({ weight: 0.5 })]), else its
defaults; --set co-train.method.… is for the experiment's own alone.
Images, time and memory are those of the run that trained, now or earlier.
The default is --seeds 0..2.\n\n${setHelp}`,
  arguments: [experimentArgument],
  options: [
    methodsOption,
    shared.set,
    shared.seeds,
    shared.until,
    shared.cache,
    shared.runs,
    shared.tensorboard,
    shared.json,
  ],
  async run(input) {
    const seeds = seedsOf(input, [0, 1, 2]);
    const experiment = lastingName(experimentName(input)), until = untilOf(input);
    const ways = await methodWays(experiment, namedMethods(input), overrides(input));
    const json = input.flag("json");
    const terminal = json ? notesOnly(input.terminal) : input.terminal;
    const options = {
      terminal,
      cache: cacheOf(input),
      runs: runsOf(input),
      tensorboard: tensorboardOf(input),
    };
    if (until !== undefined) {
      const named = { experiment, seeds, until };
      return await withSession(options, (session) => runUntil(ways, named, session));
    }
    await withSession(options, (session) =>
      withComparison(session, async (made) => {
        const results = await runWays(ways, { experiment, seeds }, session, made);
        terminal.print(`\n${methodsText(results)}`);
        if (json) input.terminal.print(JSON.stringify({ methods: results }));
      }));
  },
};
