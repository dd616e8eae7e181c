/** `plan --memory`: what training will hold on the device, and whether that fits. @module */
import type { CommandInput, OptionSpec } from "../../terminal/command.ts";
import { graphOf } from "../../experiment/planning.ts";
import { Gpu } from "../../../runtime/gpu/gpu.ts";
import { grantedNote } from "../../../runtime/gpu/gpu_memory.ts";
import { seedsOf } from "../../terminal/options.ts";
import { notesOnly } from "../../terminal/terminal.ts";
import { bytes, table } from "../../terminal/text.ts";
import { type PlannedMemory, plannedMemory } from "../../../runtime/gpu/training_memory.ts";

/** Its option. */
export const memoryOption: OptionSpec = {
  name: "memory",
  description: "print what training will hold on the device, and what would fit if it does not; runs nothing",
};

/** Prints the memory of an experiment's trainings. @returns 1 if one cannot fit. */
export async function printMemory(input: CommandInput): Promise<number> {
  const graph = await graphOf(input);
  const json = input.flag("json");
  const gpu = new Gpu(json ? notesOnly(input.terminal) : input.terminal);
  let planned: PlannedMemory[];
  try {
    await gpu.announce();
    planned = plannedMemory(await gpu.open(), graph, seedsOf(input)[0]!);
  } finally {
    await gpu.close();
  }
  if (json) input.terminal.print(JSON.stringify({ pipeline: graph.name, trainings: planned }));
  else if (planned.length === 0) input.terminal.print(`${graph.name} trains nothing`);
  else for (const training of planned) input.terminal.print(`\n${memoryText(training)}`);
  const refused = planned.filter(({ fits }) => !fits);
  for (const { id, obstacle, whatFits } of refused) {
    const parts = [obstacle, whatFits].filter((part) => part !== undefined);
    input.terminal.note(`error: Cannot train "${id}": ${parts.join(". ")}`);
  }
  return refused.length > 0 ? 1 : 0;
}

/** The figures as people read them. */
export function memoryText(training: PlannedMemory): string {
  const { id, backbone, crop, batch, accumulate, device } = training;
  const parts = accumulate > 1 ? ` in ${accumulate} micro-batches` : "";
  const limits = table(["limits", "bytes", ""], [
    device.memoryBytes === undefined
      ? ["memory", "unknown", "the system does not tell"]
      : row("memory", device.memoryBytes, `${bytes(device.usableBytes!)} of it may be planned for`),
    row("largest buffer", device.bufferBytes, grantedNote(device)),
    row(
      "largest binding",
      device.maxStorageBufferBindingSize,
      "larger tensors are bound in windows of so many",
    ),
  ]);
  const title = `${id}: ${backbone}, crop ${crop}, ${batch} + ${batch} images a step${parts}`;
  return [title, ...heldTable(training), limits].join("\n\n");
}

function heldTable({ memory, recompute }: PlannedMemory): string[] {
  if (memory === undefined) return [];
  const again = memory.repeated > 0
    ? `${memory.repeated} launches a step are repeated to save memory (co-train.recompute=${recompute})`
    : `all outputs are kept (co-train.recompute=${recompute})`;
  const ratio = (memory.workspaceBytes / memory.lowerBoundBytes).toFixed(3);
  return [table(["on the device", "bytes", ""], [
    row("parameters", memory.parameterBytes),
    row("gradients", memory.gradientBytes),
    row("moments", memory.momentBytes),
    row("running statistics", memory.statisticBytes),
    ...(memory.stateBytes > 0 ? [row("the method's state", memory.stateBytes)] : []),
    row("images and tables", memory.inputBytes, "at most"),
    row("workspace", memory.workspaceBytes, again),
    row("  lower bound", memory.lowerBoundBytes, `alive at the busiest moment; the plan is ${ratio} of it`),
    row("peak in all", memory.peakBytes, "scores along the way come on top, by the size of the images"),
  ])];
}

function row(name: string, count: number, note = ""): string[] {
  return [name, bytes(count), note];
}
