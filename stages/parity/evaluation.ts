/** A case's networks in evaluation mode, on its own image. @module */
import type { Device } from "../../kernels/device.ts";
import { allocate, readBack, upload } from "../../kernels/memory.ts";
import { Graph } from "../../kernels/graph.ts";
import { compile } from "../../kernels/program/program.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { predict } from "../../models/deeplabv3plus.ts";
import type { CapturedTraining } from "../training/capture.ts";
import { caseImage } from "./inputs.ts";
import { everyPixel } from "./passes.ts";
import { type SeenTensor, seenTensor } from "./seen.ts";
import type { CaseSettings } from "./settings.ts";

/** Dense logits of each of the networks, [B, S, S, C], by the weights and running statistics of now. */
export async function evaluateNetworks(
  device: Device,
  { networks, parameters }: Pick<CapturedTraining, "networks" | "parameters">,
  names: readonly string[],
  { salt, size }: Pick<CaseSettings, "salt" | "size">,
  batch: number,
): Promise<readonly SeenTensor[]> {
  const held = allocate(device, "parity image", [{ label: "eval", shape: [batch, size, size, 3] }]);
  const [image] = held.tensors as [Tensor];
  upload(device, image, caseImage(salt, "eval", { batch, size }));
  const graph = new Graph(device.facts.sharing);
  const forward = { graph, training: false, tensor: parameters.tensor, parts: ["evaluation"] };
  const logits = names.map((name) =>
    graph.keep(
      everyPixel(graph, graph.withoutGradients(() => predict(networks.byName[name]!, forward, image)[0]!)),
    )
  );
  const program = compile(device, graph);
  program.run();
  const read = await readBack(device, logits.map((tensor) => program.locate(tensor)));
  for (const owner of [program, held]) owner.free();
  return read.map((values, i) => seenTensor(logits[i]!, values));
}
