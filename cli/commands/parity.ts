/** `parity`: the training step against the published method's numbers. @module */
import type { Device } from "../../kernels/device.ts";
import { InterruptedError, messageOf } from "../../pipeline/mod.ts";
import { CaseError, type ParityCase, parseCase, setupOf } from "../../stages/parity/case.ts";
import { type ParityReport, runParity } from "../../stages/parity/compare.ts";
import type { Command, CommandInput } from "../terminal/command.ts";
import { typedPath } from "../experiment/experiment.ts";
import { cacheOf, runsOf, shared } from "../terminal/options.ts";
import { parityText } from "../original/parity_report.ts";
import { Progress } from "../terminal/progress.ts";
import { withSession } from "../runs/session.ts";
import { notesOnly, type Terminal } from "../terminal/terminal.ts";
import { duration } from "../terminal/text.ts";

/** Larger files are no cases: those of ResNet-101 have some 200 kB. */
const MOST_BYTES = 32e6;

/** The command. */
export const parity: Command = {
  name: "parity",
  summary: "run training steps of a parity case and compare each number with the published method's",
  details:
    `A case is a JSON file: settings, what a run of the published method in double precision gave, and how far
PyTorch's single precision strayed from it. Weights, images and labels come from a hash, so the file holds none.

Tolerances, dev being what PyTorch strayed by; in brackets those of the small cases of later methods:
  losses             relative; first step max(1e-4, 5 dev) [1e-5], later ones max(1e-3, 5 dev) (CCVC) or max(3e-3, 5 dev)
                     [1e-4]; behind a threshold, in the first step, max(1e-3, 5 dev) [1e-5]
  shares of pixels   absolute; first step 2e-3, later ones 5e-3
  counts, values     as the method's adapter says: counts of the first step are equal, or within a few pixels
  logits, maps       of the largest; max(3e-4, 3 dev) [3e-5, 5 dev]; after the last step max(1e-2, 5 dev) [1e-3]
  gradient norms     relative; their median max(3e-3, 3 times the median dev) [3e-4], each max(3e-2, 3 dev) [3e-3]
  gradient samples   of the tensor's largest sample; max(5e-2, 5 dev) [3 dev]
  running statistics of the tensor's largest sample, after the last step; max(1e-2, 5 dev) [1e-4]
  parameters         of an average, absolute; max(1e-5, 5 dev)
  parameter changes  of the tensor's largest sample, over all steps; their median max(1e-2, 5 dev), 95 % max(5e-2, 3 dev)
  update norms       relative, over all steps; their median max(1e-2, 3 dev) [and each max(1e-3, 3 dev)]; 0 is 0
A rounding error may turn a ReLU, or the label of a pixel where classes tie. What is out is therefore looked at again in up to
three runs with every weight moved to a neighboring number of single precision, and may be met in any of them.
Samples that none meets may be off by 5 times the root mean square by which their gradient moves between the runs.
Exit status: 0 all within; 1 one is out; 2 the file is no case.`,
  arguments: [{ name: "case", description: "the path of the JSON file" }],
  options: [
    { name: "all", description: "print every gradient, not only the worst" },
    shared.json,
  ],
  async run(input) {
    const path = typedPath(input.positional[0]!);
    const parsed = parseCase(await readText(path), path);
    const terminal = input.flag("json") ? notesOnly(input.terminal) : input.terminal;
    return await withSession(
      { terminal, cache: cacheOf(input), runs: runsOf(input) },
      async ({ gpu, signal }) => {
        const adapter = await gpu.announce();
        terminal.print(`case: ${setupOf(parsed).line}`);
        const { report, seconds } = await timed(await gpu.open(), parsed, terminal, signal);
        terminal.print(`\n${parityText(report, { all: input.flag("all") })}`);
        const phases = Object.entries(seconds).map(([name, spent]) => `${name} ${duration(spent)}`);
        terminal.print(`Time: ${phases.join(", ")}.`);
        if (input.flag("json")) printJson(input, { case: parsed.case, adapter, ...report, seconds });
        return report.passed ? 0 : 1;
      },
    );
  },
};

async function readText(path: string): Promise<string> {
  const refuse = (what: string) =>
    new CaseError(`Cannot read the case "${path}": ${what}. Give the path of a case's JSON file.`);
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw refuse("it is no file");
    if (size > MOST_BYTES) throw refuse(`it has ${size} bytes, and a case has ${MOST_BYTES} at most`);
    return await Deno.readTextFile(path);
  } catch (error) {
    throw error instanceof CaseError ? error : refuse(messageOf(error));
  }
}

/** Runs a case; tells its phases, and what each took. */
async function timed(
  device: Device,
  parsed: ParityCase,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ report: ParityReport; seconds: Record<string, number> }> {
  const progress = new Progress(terminal);
  const seconds: Record<string, number> = {};
  const start = performance.now();
  let phase: string | undefined, since = start;
  const enter = (next: string | undefined) => {
    const now = performance.now();
    if (phase !== undefined) {
      const spent = (now - since) / 1000;
      seconds[phase] = (seconds[phase] ?? 0) + spent;
      terminal.note(`parity: ${phase}, ${duration(spent)}`);
    }
    [phase, since] = [next, now];
  };
  try {
    const report = await runParity(device, parsed, {
      signal,
      onPhase: enter,
      onCompile: (done, total) =>
        progress.on({ type: "progress", node: "parity", data: { kind: "compile", done, total } }),
    });
    enter(undefined);
    return { report, seconds: { ...seconds, total: (performance.now() - start) / 1000 } };
  } catch (error) {
    if (signal.aborted) throw new InterruptedError("The parity case was stopped");
    throw error;
  }
}

function printJson(input: CommandInput, facts: Record<string, unknown>): void {
  // JSON has no NaN; a quantity that is none is out all the same.
  const plain = (_: string, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  input.terminal.print(JSON.stringify(facts, plain));
}
