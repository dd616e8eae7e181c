/**
 * A training step: its time, which ops it is spent in, what is spent outside of kernels, its memory, and the wait for the first.
 *
 *     deno task bench step [--small | --backbone NAME] [--crop N] [--batch N] [--views weak|strong]
 *       [--precision f32|f16] [--cold] [--rounds N] [--json]
 */
import { coldStart } from "./step/cold_start.ts";
import { orExit } from "./options.ts";
import { heading, openBench } from "./report.ts";
import { measureStep, stepTables } from "./step/step_figures.ts";
import { readStepOptions } from "./step_options.ts";
import { hasTimestamps } from "./kernels/timing.ts";

const { choice, rounds, cold, json } = orExit(() => readStepOptions(Deno.args));
const { device, surroundings } = await openBench();
if (!json) {
  console.log(`## A training step\n\n${heading(surroundings)}`);
  if (!hasTimestamps(device)) console.log("\nWithout timestamp queries.");
}
const measured = await measureStep(device, choice, rounds);
device.close();
const step = cold ? { ...measured, coldStart: await coldStart(choice) } : measured;
console.log(json ? JSON.stringify({ surroundings, step }) : `\n${stepTables(step)}`);
