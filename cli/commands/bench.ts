/** `bench`: figures of speed on this machine. @module */
import { denoWithGpu } from "../process/child.ts";
import type { Command, CommandInput, OptionSpec } from "../terminal/command.ts";
import { shared } from "../terminal/options.ts";
import { notesOnly } from "../terminal/terminal.ts";

const rounds: OptionSpec = { name: "rounds", value: "n", description: "rounds that medians are taken of" };
const cropOption = (usual: string): OptionSpec => ({
  name: "crop",
  value: "n",
  description: `side of the crop in pixels (default: ${usual})`,
});
const batchOption = (usual: string): OptionSpec => ({
  name: "batch",
  value: "n",
  description: `labeled images of a step, and as many unlabeled ones (default: ${usual})`,
});

/** A bench: a file among the tests, with the options that it takes. */
function benchCommand(
  name: string,
  summary: string,
  options: readonly OptionSpec[],
  details?: string,
): Command {
  const all = [...options, rounds, shared.json];
  return {
    name,
    summary,
    ...(details !== undefined && { details }),
    options: all,
    run: async (input) => await start(name, input, all),
  };
}

/** Runs a bench in a process of its own: it lies among the tests, which no command imports. */
async function start(name: string, input: CommandInput, options: readonly OptionSpec[]): Promise<number> {
  const given = options.flatMap(({ name }) => {
    if (input.flag(name)) return [`--${name}`];
    const text = input.text(name);
    return text === undefined ? [] : [`--${name}=${text}`];
  });
  return await denoWithGpu(
    "run",
    () => [[`tests/bench/${name}_bench.ts`, ...given]],
    notesOnly(input.terminal),
  );
}

const kernels = benchCommand(
  "kernels",
  "the speed of single ops at sizes that training meets, and their share of the adapter's ceiling",
  [
    { name: "filter", value: "text", description: "only ops and shapes with this text" },
    {
      name: "sharing",
      value: "way",
      description:
        "how kernels share what they fetch: workgroup as on GPUs, or 0 (default: the adapter's way)",
    },
  ],
);

const step = benchCommand("step", "a training step: time, share of each op, memory", [
  { name: "small", description: "three convolutions and a classifier instead of CCVC" },
  {
    name: "backbone",
    value: "name",
    description: "a backbone's name, e.g. resnet50 (default: resnet14)",
  },
  cropOption("64, 129 or 512, by backbone"),
  batchOption("8 with resnet14, else 2"),
  {
    name: "views",
    value: "kind",
    description: "of unlabeled images: weak or strong (default: strong with resnet14, else weak)",
  },
  { name: "precision", value: "type", description: "of activations: f32 or f16 (default: f32)" },
  { name: "cold", description: "also the wait for the first step of all, the driver's cache empty" },
]);

const peers = benchCommand(
  "peers",
  "the same work in jax-js, TensorFlow.js and, where installed, PyTorch, by turns",
  [
    { name: "only", value: "list", description: "of convolution, small and ccvc (default: all three)" },
    { name: "backbone", value: "name", description: "of the CCVC step: resnet50 or resnet101" },
    cropOption("129"),
    batchOption("2"),
  ],
  "The packages are pinned in tests/bench/peers and come from npm at the first use. PyTorch is that of python3, or of " +
    "the Python that PYTORCH_PYTHON names. Who is absent is named, with the way to get it.",
);

const all = benchCommand(
  "all",
  "everything, one after another: some six minutes on two processors",
  [{
    name: "write",
    description: "keep the tables in tests/bench/results.md, in the section of this adapter and processor",
  }],
);

const gpu = benchCommand(
  "gpu",
  "a first look at a GPU, in eight minutes: is it right, how fast is it, does it learn",
  [
    { name: "case", value: "file", description: "a parity case besides the project's own" },
    { name: "short", description: "the least of each part, as without a GPU: proves that they work" },
    { name: "write", description: "keep the report in tests/bench/results.md, in this adapter's section" },
  ],
  "Each part has a time limit; one that fails or is stopped does not keep the others, and the exit status is 1 then. PyTorch is " +
    "measured where python3, or the Python that PYTORCH_PYTHON names, has it.",
);

const peersOption: OptionSpec = { name: "peers", description: 'the same as "bench peers"' };

/** The command. */
export const bench: Command = {
  name: "bench",
  summary: "measure kernels and a training step on this machine, also beside other libraries",
  details:
    "Without a name: kernels and step, with their defaults. tests/bench/results.md holds what was measured where.",
  commands: [kernels, step, peers, all, gpu],
  options: [peersOption, shared.json],
  async run(input) {
    if (input.flag("peers")) return await start("peers", input, [shared.json]);
    const first = await start("kernels", input, [shared.json]);
    return first === 0 ? await start("step", input, [shared.json]) : first;
  },
};
