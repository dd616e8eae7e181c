/** Trainings on devices that grant less than the one at hand. */
import assert from "node:assert/strict";
import { MAX_GROUPS } from "../../../kernels/shader/kernel.ts";
import { blueprint } from "../../../kernels/program/blueprint.ts";
import { partsOf } from "../../../kernels/program/parts.ts";
import { captureTraining } from "../../../stages/training/capture.ts";
import { forecast } from "../../../stages/training/memory.ts";
import { everyMethod, sessionOptions } from "../../support/every_method.ts";
import { gpuTest } from "../../support/gpu.ts";
import { shapesViews } from "../../support/training.ts";
import { assertLimited, learnedAndScored, limited, limitedBriefly } from "./limited.ts";

gpuTest("no launch of a step binds more arrays than WebGPU guarantees, or has more workgroups", (device) => {
  const arrays = new Map<string, number>();
  for (const sharing of [0, 8, 16, "workgroup"] as const) {
    const shared = { ...blueprint(device), facts: { ...device.facts, sharing } };
    for (const [name, method] of Object.entries(everyMethod)) {
      for (
        const change of [{ accumulate: 1 }, { accumulate: 2 }, { accumulate: 1, precision: "f16" }] as const
      ) {
        const { phases } = captureTraining(shared, { ...sessionOptions(method), warmUp: true, ...change });
        const graphs = Object.values(phases).flatMap(({ programs }) => programs.map(({ graph }) => graph));
        for (const { kernel, reads, writes, groups } of graphs.flatMap(({ dispatches }) => dispatches)) {
          const bound = reads.length + writes.length;
          arrays.set(kernel.name, bound);
          assert.ok(bound <= 8, `${name}: ${kernel.name} binds ${bound}`);
          assert.ok(groups.every((count) => count <= MAX_GROUPS), `${name}: ${kernel.name} has [${groups}]`);
        }
      }
    }
  }
  assert.equal(arrays.get("batch_norm_residual_gradient"), 6);
  assert.equal(arrays.get("batch_norm_parameter_gradient_shared"), 8);
});

for (const name of limitedBriefly) {
  gpuTest(
    `${name}: the limits that WebGPU guarantees, and small buffers, give the same bits`,
    (device) => assertLimited(device, everyMethod[name]!),
  );
}

gpuTest("every network is captured at a crop of 800, however its kernels share", (device) => {
  const { network, ...options } = sessionOptions(everyMethod["cutmix-seg"]!);
  for (const sharing of [0, 8, 16, "workgroup"] as const) {
    // As on a large GPU: passes run together.
    const bytes = 2 ** 31 - 256, facts = { bindingBytes: bytes, bufferBytes: bytes, windowBytes: bytes };
    const large = { ...blueprint(device), facts: { ...device.facts, sharing, ...facts } };
    for (const backbone of ["resnet14", "resnet18", "resnet50", "resnet101"] as const) {
      const { phases } = captureTraining(large, {
        ...options,
        network: { ...network, backbone },
        views: shapesViews({ crop: 800 }),
        batch: 8,
        accumulate: 1,
        warmUp: true,
      });
      const launches = phases.method.programs[0].graph.dispatches;
      const isLong = launches.some(({ groups }) => Math.max(...groups) > MAX_GROUPS);
      // Else the parts would be of nothing.
      if (sharing === 0 && backbone !== "resnet14") assert.ok(isLong, backbone);
      for (const { groups } of launches.flatMap((launch) => partsOf(large, launch))) {
        assert.ok(groups.every((count) => count <= MAX_GROUPS));
      }
    }
  }
});

gpuTest(
  "where nothing is shared, as on a GPU with 16 KiB of workgroup memory, the guaranteed limits suffice, too",
  async () => {
    const method = everyMethod["cutmix-seg"]!, found: unknown[] = [];
    for (const guaranteed of [false, true]) {
      await limited({ guaranteed, subgroups: false }, async (device) => {
        found.push(await learnedAndScored(device, method));
      });
    }
    assert.deepEqual(found[1], found[0]);
  },
);

gpuTest("ResNet-101 at crop 512 is planned where no buffer is larger than 230 or 64 MB", async () => {
  const views = shapesViews({ crop: 512 });
  for (const bufferBytes of [230e6, 64e6]) {
    await limited({ bufferBytes }, (small) => {
      for (const [name, method] of Object.entries(everyMethod)) {
        const { network, ...options } = sessionOptions(method);
        const { memory, obstacle } = forecast(small, {
          ...options,
          network: { ...network, backbone: "resnet101" },
          views,
          batch: 2,
          accumulate: 1,
          recompute: "never",
          warmUp: true,
        });
        assert.equal(obstacle, undefined, name);
        assert.ok(memory!.parameterBytes > bufferBytes, name);
        assert.ok(memory!.workspaceBytes <= 1.1 * memory!.lowerBoundBytes, name);
      }
    });
  }
});
