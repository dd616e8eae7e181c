/** `test`: the project's tests, after the set-up that they need. @module */
import { denoWithGpu } from "../child.ts";
import type { Command } from "../command.ts";
import { provideTestServer } from "../test_server.ts";

/** What takes longer, or measures instead of testing. */
const apart = "tests/acceptance,tests/bench";

/** The command. */
export const test: Command = {
  name: "test",
  summary: "run the tests; arguments go to deno test, e.g. tests/cli or --filter progress",
  details: "Tests that take longer are run by naming their folder: tests/acceptance.",
  arguments: [{ name: "arguments", description: "for deno test", count: "several" }],
  passesOn: true,
  async run({ positional, terminal }) {
    const named = positional.some((argument) => argument.startsWith("tests"));
    const acceptance = positional.some((argument) => argument.startsWith("tests/acceptance"));
    await provideTestServer(terminal);
    const ignored = acceptance ? [] : [`--ignore=${apart}`];
    return await denoWithGpu("test", [...ignored, ...positional, ...(named ? [] : ["tests"])], terminal);
  },
};
