/**
 * Runs one training step and says how long it took from the start of set-up: a bench starts it with a driver's cache that is
 * empty, as after an installation.
 *
 *     deno run … tests/bench/step/first_step.ts '{"backbone":"resnet50","crop":129,"batch":2,"views":"weak"}'
 */
import { capture, type StepChoice } from "./captured_step.ts";
import { openBench } from "../report.ts";

const choice = JSON.parse(Deno.args[0]!) as StepChoice;
const { device } = await openBench();
const step = capture(device, choice);
step.fill(0);
step.program.run();
console.log(JSON.stringify({ loss: await step.wait() }));
device.close();
