/** `bench`: figures of speed on this machine. @module */
import { denoWithGpu } from "../child.ts";
import type { Command } from "../command.ts";

/** The command. */
export const bench: Command = {
  name: "bench",
  summary: "measure kernels and steps on this machine; arguments go to deno bench, e.g. --filter convolution",
  arguments: [{ name: "arguments", description: "for deno bench", count: "several" }],
  passesOn: true,
  async run({ positional, terminal }) {
    const named = positional.some((argument) => argument.startsWith("tests"));
    return await denoWithGpu("bench", [...positional, ...(named ? [] : ["tests/bench"])], terminal);
  },
};
