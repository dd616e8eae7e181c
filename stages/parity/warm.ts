/** A pass before the first step that gives networks the running statistics of a batch. @module */
import type { Device } from "../../kernels/device.ts";
import { Graph } from "../../kernels/graph.ts";
import { allocate, upload } from "../../kernels/memory.ts";
import { compile } from "../../kernels/program/program.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { predict } from "../../models/deeplabv3plus.ts";
import type { CapturedTraining } from "../training/capture.ts";
import { buildNetworks, type NetworkDescription } from "../weights/network.ts";
import type { WarmPass } from "./adapter.ts";
import { caseImage } from "./inputs.ts";
import type { CaseSettings } from "./settings.ts";

/** Runs it: in training mode, without gradients, norms at momentum 1. */
export function warmStatistics(
  device: Device,
  { parameters, control: { counters } }: Pick<CapturedTraining, "parameters" | "control">,
  network: NetworkDescription,
  { salt, size, batch }: CaseSettings,
  { image: name, networks }: WarmPass,
): void {
  const whole = { momentum: 1 };
  const { byName } = buildNetworks({
    ...network,
    networks: Object.fromEntries(
      Object.entries(network.networks).map(([name, variant]) => {
        const { norms: { backbone, head, ...norms } = {} } = variant;
        return [name, {
          ...variant,
          norms: { ...norms, backbone: { ...backbone, ...whole }, head: { ...head, ...whole } },
        }];
      }),
    ),
  });
  const held = allocate(device, "parity image", [{ label: name, shape: [batch, size, size, 3] }]);
  const [image] = held.tensors as [Tensor];
  upload(device, image, caseImage(salt, name, { batch, size }));
  const graph = new Graph(device.facts.sharing);
  const forward = { graph, training: true, tensor: parameters.tensor, counters, parts: [name] };
  graph.withoutGradients(() => networks.forEach((network) => predict(byName[network]!, forward, image)));
  const program = compile(device, graph);
  program.run();
  for (const owner of [program, held]) owner.free();
}
