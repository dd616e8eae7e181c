/** Reads one file of weights in a process of its own: prints what became of it, the processor's time, and the most memory held. */
import process from "node:process";
import { WeightsError } from "../../../models/errors.ts";
import { float32Pieces } from "../../../models/stored_tensor.ts";
import { readWeights } from "../../../models/weights_file.ts";

const [path] = Deno.args as [string];
const before = peak();
const started = process.cpuUsage();
let outcome: string;
try {
  const { tensors } = await readWeights(await Deno.readFile(path), "bomb");
  for (const tensor of tensors.values()) for (const _ of float32Pieces(tensor)) void _;
  outcome = `read ${tensors.size} tensors`;
} catch (error) {
  outcome = error instanceof WeightsError ? error.message : `crashed: ${error}`;
}
const { user, system } = process.cpuUsage(started);
console.log(JSON.stringify({ outcome, seconds: (user + system) / 1e6, megabytes: (peak() - before) / 1024 }));

/** Most memory that this process has held so far, in KiB; 0 where the system does not say. */
function peak(): number {
  try {
    // Deno guards /proc by all permissions; a program may read it.
    const { stdout } = new Deno.Command("grep", { args: ["VmHWM", `/proc/${Deno.pid}/status`] }).outputSync();
    return Number(/VmHWM:\s*(\d+)/.exec(new TextDecoder().decode(stdout))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
