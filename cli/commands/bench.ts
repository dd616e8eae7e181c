/** `bench`: figures of speed on this machine. @module */
import { denoWithGpu } from "../child.ts";
import type { Command, CommandInput, OptionSpec } from "../command.ts";
import { jsonOption } from "../options.ts";
import { notesOnly } from "../terminal.ts";

const rounds: OptionSpec = { name: "rounds", value: "n", description: "rounds that medians are taken of" };

const kernelOptions: readonly OptionSpec[] = [
  { name: "filter", value: "text", description: "only ops and shapes with this text" },
  rounds,
  {
    name: "lanes",
    value: "n",
    description:
      "lanes of a subgroup that kernels are cut for: 0, or 32 and more as on GPUs (default: the adapter's)",
  },
  jsonOption,
];
const stepOptions: readonly OptionSpec[] = [
  { name: "backbone", value: "name", description: "resnet14, resnet50 or resnet101 (default: resnet14)" },
  { name: "crop", value: "n", description: "side of the crop in pixels (default: 64)" },
  {
    name: "batch",
    value: "n",
    description: "labeled images of a step, and as many unlabeled ones (default: 8)",
  },
  { name: "views", value: "kind", description: "of unlabeled images: weak or strong (default: strong)" },
  rounds,
  jsonOption,
];

/** Runs a bench in a process of its own: it lies among the tests, which no command imports. */
async function start(
  file: string,
  input: CommandInput,
  options: readonly OptionSpec[],
): Promise<number> {
  const given = options.flatMap(({ name }) => {
    if (input.flag(name)) return [`--${name}`];
    const text = input.text(name);
    return text === undefined ? [] : [`--${name}=${text}`];
  });
  return await denoWithGpu("run", [`tests/bench/${file}`, ...given], notesOnly(input.terminal));
}

const kernels: Command = {
  name: "kernels",
  summary: "the speed of single ops at sizes that training meets",
  options: kernelOptions,
  run: async (input) => await start("kernels_bench.ts", input, kernelOptions),
};

const step: Command = {
  name: "step",
  summary: "a CCVC training step: time, share of each kernel, memory",
  options: stepOptions,
  run: async (input) => await start("step_bench.ts", input, stepOptions),
};

/** The command. */
export const bench: Command = {
  name: "bench",
  summary: "measure kernels and a training step on this machine",
  details: "Without a name: both, with their defaults. tests/bench/results.md holds what was measured where.",
  commands: [kernels, step],
  options: [jsonOption],
  async run(input) {
    const first = await start("kernels_bench.ts", input, [jsonOption]);
    return first === 0 ? await start("step_bench.ts", input, [jsonOption]) : first;
  },
};
