/** Trainings where a device grants no more than WebGPU guarantees: every method, of which a few are in the suite; large maps and buffers. */
import assert from "node:assert/strict";
import type { Device } from "../../kernels/device.ts";
import { blueprint } from "../../kernels/program/blueprint.ts";
import { partsOf } from "../../kernels/program/parts.ts";
import { captureTraining } from "../../stages/training/capture.ts";
import { assertLimited, learned, limited, limitedBriefly } from "../stages/training/limited.ts";
import { everyMethod, openTraining, sessionOptions } from "../support/every_method.ts";
import { gpuTest } from "../support/gpu.ts";
import { skip } from "../support/skip.ts";
import { shapesViews } from "../support/training.ts";

for (const [name, method] of Object.entries(everyMethod)) {
  if (limitedBriefly.includes(name)) continue;
  gpuTest(
    `${name}: the limits that WebGPU guarantees, and small buffers, give the same bits`,
    (device) => assertLimited(device, method),
  );
}

gpuTest("maps larger than what a device binds, and 8 arrays at once, give the same bits", async (device) => {
  const method = everyMethod.supervised!, { sharing } = device.facts;
  if (sharing !== 8 && sharing !== 16) {
    return skip("partial sums of weights are larger than so small maps here");
  }
  const learn = async (device: Device) => {
    const session = openTraining(device, method), found = await learned(session);
    session.free();
    return found;
  };
  const whole = await learn(device);
  // Maps of 128 KiB in two windows: the gradient of a norm with residual has five of them.
  await limited({ guaranteed: true, bindingBytes: 98_304, sharing }, async (guaranteed) => {
    const { phases } = captureTraining(blueprint(guaranteed), {
      ...sessionOptions(method),
      accumulate: 1,
      warmUp: false,
    });
    const { graph } = phases.method.programs[0];
    const inParts = graph.dispatches.filter((launch) => partsOf(guaranteed, launch).length > 1);
    assert.deepEqual(
      [...new Set(inParts.map(({ kernel }) => kernel.name))],
      ["batch_norm", "batch_norm_gradient_sums", "batch_norm_residual_gradient"],
    );
    assert.deepEqual(await learn(guaranteed), whole);
  });
});

gpuTest("ResNet-50 learns in buffers of 64 MB what it learns in larger ones", async (device) => {
  const method = everyMethod.supervised!, { network } = sessionOptions(method);
  const learn = async (device: Device) => {
    const session = openTraining(device, method, {
      network: { ...network, backbone: "resnet50" },
      views: shapesViews({ crop: 65 }),
      batch: 2,
      warmUp: false,
    });
    const found = await learned(session, 1);
    session.free();
    return found;
  };
  await limited({ bufferBytes: 64e6 }, async (small) => {
    const parts = await learn(small), whole = await learn(device);
    assert.deepEqual([parts.buffers, whole.buffers], [8, 4]);
    assert.deepEqual(parts.state, whole.state);
  });
});
