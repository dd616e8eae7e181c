/** Crossview in a contest with its peers. */
import type { Device } from "../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { convolution } from "../../../kernels/ops/convolution/convolution.ts";
import { compile } from "../../../kernels/program/program.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import { toDevice } from "../../../models/layout.ts";
import { store, unstore } from "../../support/gpu.ts";
import { capture, type CapturedStep } from "../step/captured_step.ts";
import { type ReadyWork, serve, type Works } from "./contestant.ts";
import { openBench } from "../report.ts";
import { captureSmallStep } from "./small_step.ts";
import {
  type CcvcWork,
  convolutionInputs,
  type ConvolutionWork,
  meanMagnitude,
  type SmallStepWork,
} from "./works.ts";

async function prepareConvolution(device: Device, work: ConvolutionWork): Promise<ReadyWork> {
  const { batch, side, channels } = work;
  const inputs = convolutionInputs(work);
  const image = { shape: [batch, side, side, channels] };
  const kernel = { shape: [3, 3, channels, channels], layout: "kernel" as const };
  const { tensors } = allocate(device, "convolution", [
    { label: "x", ...image },
    { label: "weight", ...kernel },
    { label: "d weight", ...kernel },
    { label: "d y", ...image },
  ]);
  const [x, weight, weightGradient, gradient] = tensors as [Tensor, Tensor, Tensor, Tensor];
  upload(device, x, store(inputs.x, image.shape));
  upload(device, gradient, store(inputs.gradient, image.shape));
  upload(device, weight, toDevice(inputs.weight, [channels, channels, 3, 3]));
  const graph = new Graph(device.facts.sharing);
  const input = makeTensor({ ...x, tracked: true });
  const parameter = makeTensor({ ...weight, tracked: true, gradient: weightGradient });
  const y = graph.keep(convolution(graph, input, parameter, { padding: 1 }));
  const dx = graph.keep(graph.backward([[y, gradient]], (a, b) => add(graph, a, b)).get(input)!);
  const program = compile(device, graph);
  program.run();
  const [ys, dxs, dws] = await readBack(device, [program.locate(y), program.locate(dx), weightGradient]);
  return {
    check: [
      meanMagnitude(unstore(ys!, image.shape)),
      meanMagnitude(unstore(dxs!, image.shape)),
      meanMagnitude(unstore(dws!, kernel.shape, "kernel")),
    ],
    async run(times) {
      for (let i = 0; i < times; i++) program.run();
      await device.gpu.queue.onSubmittedWorkDone();
      device.check();
    },
  };
}

/** Steps as training takes them: their losses stay on the device until a wait. */
function repeated({ program, fill, wait }: CapturedStep, check: readonly number[]): ReadyWork {
  let number = check.length;
  return {
    check,
    async run(times) {
      for (let i = 0; i < times; i++) {
        fill(number++);
        program.run();
      }
      const loss = await wait();
      if (!Number.isFinite(loss)) throw new Error(`The loss is ${loss}`);
    },
  };
}

async function prepareSmallStep(device: Device, work: SmallStepWork): Promise<ReadyWork> {
  const step = captureSmallStep(device, work);
  const check: number[] = [];
  for (let i = 0; i < 3; i++) {
    step.program.run();
    check.push(await step.wait());
  }
  return repeated(step, check);
}

const { device, surroundings } = await openBench();
const works: Works = {
  convolution: (work: ConvolutionWork) => prepareConvolution(device, work),
  smallStep: (work: SmallStepWork) => prepareSmallStep(device, work),
  ccvc: ({ backbone, crop, batch }: CcvcWork) =>
    Promise.resolve(
      repeated(capture(device, { backbone, crop, batch, views: "weak" }), []),
    ),
};
await serve({ name: "Crossview", adapter: surroundings.adapter }, works);
device.close();
