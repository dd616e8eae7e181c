/** `evaluate`: scores weights on a data set. @module */
import { parseSet, run, UserError } from "../../pipeline/mod.ts";
import { openCheckpoint } from "../../stages/weights/checkpoint.ts";
import { scoreCheckpoint, weightsScore } from "../../stages/evaluate.ts";
import { matrixRows } from "../../stages/evaluation/metrics.ts";
import { forPredictions } from "../../stages/evaluation/predictions.ts";
import { protocolLabel } from "../../stages/evaluation/protocols.ts";
import {
  checkpointArgument,
  findCheckpoint,
  networkHints,
  outputStrideOption,
} from "../experiment/checkpoint_source.ts";
import type { Command } from "../terminal/command.ts";
import { dataNodes } from "../experiment/data_source.ts";
import { validationOf } from "../experiment/own_data.ts";
import { metricsText } from "../runs/metrics.ts";
import { cacheOf, overrides, runsOf, setHelp, shared } from "../terminal/options.ts";
import { Progress } from "../terminal/progress.ts";
import { adapterName } from "../../runtime/runs/provenance.ts";
import { protocolHelp, protocolOption, protocolOptions } from "../terminal/protocol_options.ts";
import { withSession } from "../runs/session.ts";
import { notesOnly } from "../terminal/terminal.ts";
import { defaultExperiment } from "../experiment/experiment.ts";

/** The command. */
export const evaluate: Command = {
  name: "evaluate",
  summary: "score weights on the validation images of a data set, under any protocol",
  details:
    `The data is that of an experiment, or a folder. Where the weights are named by a run, it is that run's
data unless another is named.

${protocolHelp}

--json prints protocol, scores, "confusion" (of the headline: rows are truth, columns predictions, in
pixels; those labeled 255 are left out) and "confusions" (of each prediction).\n\n${setHelp}`,
  arguments: [
    checkpointArgument,
    { name: "data", description: "an experiment, or the folder of a data set", count: "optional" },
  ],
  options: [...protocolOptions, outputStrideOption, shared.set, shared.cache, shared.runs, shared.json],
  async run(input) {
    const protocol = protocolOption(input);
    const { checkpoint: { path }, run: from } = await findCheckpoint(input, runsOf(input));
    const given = input.positional[1];
    const inherited = given === undefined ? (from?.set ?? []).map(parseSet) : [];
    const named = given ?? from?.experiment ?? from?.name ?? defaultExperiment;
    const [node] = await dataNodes(named, overrides(input), inherited);
    const graph = validationOf(node!);
    const terminal = input.flag("json") ? notesOnly(input.terminal) : input.terminal;
    await withSession(
      { terminal, cache: cacheOf(input), runs: runsOf(input) },
      async ({ gpu, cache, signal }) => {
        const scorer = adapterName(await gpu.announce());
        const trainer = from?.gpu && (from.gpu.training ?? adapterName(from.gpu));
        if (trainer !== undefined && trainer !== scorer) {
          terminal.print(
            `mixed: the weights of run ${from!.id} were made on ${trainer}; they are scored on ${scorer}`,
          );
        }
        const { outputs } = await run(graph, { cache, signal });
        const samples = await outputs.validation.read();
        const checkpoint = openCheckpoint(path, { ...networkHints(input), classes: samples.classes });
        const { network } = await checkpoint.read();
        const [theirs, ours] = [network.classes.names, samples.classes.names].map((names) =>
          names.join(", ")
        );
        if (theirs !== ours) {
          throw new UserError(
            `Cannot score "${path}" on this data: its classes are ${theirs}; the data's are ${ours}.`,
          );
        }
        const progress = new Progress(terminal);
        const report = (data: Record<string, unknown>) =>
          progress.on({ type: "progress", node: "evaluate", data });
        const scored = await scoreCheckpoint(await gpu.open(), checkpoint, samples, {
          signal,
          progress: report,
          protocol,
        });
        const metrics = {
          protocol: protocolLabel(protocol),
          headline: scored.headline,
          ...weightsScore(samples.classes, scored),
        };
        terminal.print(`\n${metricsText(metrics)}`);
        if (input.flag("json")) {
          const confusions = forPredictions(
            Object.keys(scored.confusions),
            (name) => matrixRows(scored.confusions[name]!),
          );
          const confusion = confusions[scored.headline];
          input.terminal.print(JSON.stringify({ ...metrics, confusion, confusions }));
        }
      },
    );
  },
};
