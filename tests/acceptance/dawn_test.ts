/** The engine in Dawn, which is what Chrome runs: it takes WGSL and WebGPU at their word, as Deno does not. @module */
import assert from "node:assert/strict";
import { experimentNames } from "../../cli/experiment/experiment.ts";
import { loadExperiment } from "../../cli/experiment/load_experiment.ts";
import { type AdapterFacts, type Device, SUBGROUPS } from "../../kernels/device.ts";
import { blueprint } from "../../kernels/program/blueprint.ts";
import { compile } from "../../kernels/program/program.ts";
import type { BindingForms } from "../../kernels/shader/bindings.ts";
import type { Kernel } from "../../kernels/shader/kernel.ts";
import { shaderText } from "../../kernels/shader/text.ts";
import type { Sharing } from "../../kernels/sharing.ts";
import { ALIGNMENT } from "../../kernels/tensor.ts";
import { knownTraining, trainingNodes } from "../../stages/known_training.ts";
import { captureTraining } from "../../stages/training/capture.ts";
import type { MemorySettings } from "../../stages/training/memory.ts";
import { type main as runSteps, type Steps, steps } from "../support/dawn_steps.ts";
import { type Dawn, findDawn, runInDawn } from "../support/dawn.ts";
import { everyMethod, sessionOptions } from "../support/every_method.ts";
import { gpuTest, withDevice } from "../support/gpu.ts";
import { skippedName } from "../support/skip.ts";

/** Arrays a launch may bind: windows take more than most adapters have. */
const LIMITS = { maxStorageBuffersPerShaderStage: 99 } as const;

type Given = Parameters<typeof runSteps>[0];
type Answer = Awaited<ReturnType<typeof runSteps>>;

const dawn = await findDawn();
const module = new URL("../support/dawn_steps.ts", import.meta.url);
const inDawn = (input: Given): Promise<Answer> => runInDawn(dawn as Dawn, module, input);
const lacksDawn = "lacks" in dawn ? dawn.lacks : undefined;
/** Mesa's driver is taken from its version 23 on. */
const facts = lacksDawn === undefined ? (await inDawn({})).facts : undefined;
const lacksAdapter = lacksDawn ?? (facts ? undefined : "Dawn takes no Vulkan driver that is here");

/** A test that needs Dawn, or even an adapter of it. */
function dawnTest(lacks: string | undefined, name: string, body: (device: Device) => Promise<void>): void {
  if (lacks === undefined) gpuTest(name, body);
  else Deno.test.ignore(skippedName(name, lacks), () => {});
}

/** A stand-in for a device that keeps the texts it is asked to compile. */
function collector(device: Device, facts: AdapterFacts, texts: Map<string, string>): Device {
  const plan = blueprint(device), idle = { createView: () => ({}), destroy() {} };
  return {
    ...plan,
    facts,
    gpu: {
      limits: device.gpu.limits,
      queue: { writeBuffer() {} },
      createBindGroup: () => ({}),
    } as unknown as GPUDevice,
    texture: (extents) => ({ ...plan.texture(extents), ...idle }) as GPUTexture,
    pipeline(kernel: Kernel, constants: Readonly<Record<string, number>>, forms: BindingForms = {}) {
      const code = shaderText(kernel, constants, forms, facts.windowBytes, SUBGROUPS).lines.join("\n");
      texts.set(code, `${kernel.name} ${JSON.stringify([constants, forms])}`);
      return { getBindGroupLayout: () => ({}) } as unknown as GPUComputePipeline;
    },
  };
}

/** Compiles the steps of a training on a device. */
function compileSteps(device: Device, settings: Omit<MemorySettings, "recompute">): void {
  const { phases, free } = captureTraining(device, settings);
  for (const { programs } of Object.values(phases)) {
    for (const { graph } of programs) compile(device, graph).free();
  }
  free();
}

/** One of two micro-batches whose norms are synchronized, and gradients exchanged as halves. */
const joint = { accumulate: 2, synchronized: true, exchange: "f16", share: { rank: 0, size: 2 } } as const;

/** Trainings of the experiments, one of each network, method and size of the images. */
async function trainings(): Promise<MemorySettings[]> {
  const found = new Map<string, MemorySettings>();
  for (const name of await experimentNames()) {
    const graph = (await loadExperiment(name)).build();
    for (const node of trainingNodes(graph)) {
      const known = knownTraining(node, 0);
      if ("unknown" in known) continue;
      const { config, crop, settings } = known;
      const { backbone, batch, accumulate, method } = config;
      const classes = settings.network.classes.names.length;
      found.set(JSON.stringify([backbone, batch, accumulate, method, crop, classes]), settings);
    }
  }
  return [...found.values()];
}

dawnTest(
  lacksDawn,
  "every kernel of every experiment and method is valid WGSL, and binds no memory twice",
  async (device) => {
    const texts = new Map<string, string>();
    const known = await trainings();
    // As on a large GPU: windows are looked at by themselves.
    const bytes = 2 ** 31 - ALIGNMENT, limits = { ...LIMITS, maxBufferSize: bytes };
    const large = { ...device, gpu: { limits } } as unknown as Device;
    const largeFacts = { ...device.facts, bindingBytes: bytes, bufferBytes: bytes, windowBytes: bytes };
    for (const sharing of [0, 8, 16, "workgroup"] as const satisfies readonly Sharing[]) {
      const own = { ...largeFacts, sharing };
      for (const settings of known) compileSteps(collector(large, own, texts), settings);
      for (const method of Object.values(everyMethod)) {
        const settings = { accumulate: 1, warmUp: true, ...sessionOptions(method) };
        for (const change of [{}, { accumulate: 2 }, { precision: "f16" }, joint] as const) {
          compileSteps(collector(large, own, texts), { ...settings, ...change });
        }
        const windows = { ...own, bindingBytes: 2 ** 20, windowBytes: 2 ** 20 };
        compileSteps(collector(large, windows, texts), settings);
      }
    }
    // Windows one by one (parts.ts); where lanes share, no partial sum is larger than the maps.
    const guaranteed = { ...device, gpu: { limits: { ...limits, maxStorageBuffersPerShaderStage: 8 } } };
    const few = { ...largeFacts, sharing: 16 as const, bindingBytes: 98_304, windowBytes: 98_304 };
    compileSteps(collector(guaranteed as unknown as Device, few, texts), {
      accumulate: 1,
      ...sessionOptions(everyMethod.supervised!),
      warmUp: true,
    });
    assert.ok(known.length > 5 && texts.size > 200, `${known.length} trainings, ${texts.size} texts`);
    const given = Object.fromEntries([...texts].map(([code, label], i) => [`${i} ${label}`, code]));
    const wrong = await runInDawn<typeof given, string[]>(
      dawn as Dawn,
      new URL("../support/dawn_texts.ts", import.meta.url),
      given,
      ["backend=null"],
    );
    assert.deepEqual(wrong, []);
  },
);

/** Asserts that two devices have learned the same but for rounding, and predict the same but for a few pixels. */
function assertAlike(found: Steps, wanted: Steps, tolerance: number): void {
  for (const [name, { losses, values, counts }] of Object.entries(wanted)) {
    const other = found[name]!;
    for (const [loss, value] of Object.entries(losses)) {
      assert.ok(
        Math.abs(other.losses[loss]! - value) <= tolerance * Math.max(1, Math.abs(value)),
        `${name}: ${loss} is ${other.losses[loss]}, and ${value} is expected`,
      );
    }
    assert.equal(other.values.length, values.length);
    const norm = (of: readonly number[]) => Math.hypot(...of);
    const distance = norm(values.map((value, i) => other.values[i]! - value)) / norm(values);
    assert.ok(distance <= tolerance, `${name}: what is learned is ${distance} away`);
    for (const [prediction, count] of Object.entries(counts)) {
      const pixels = count.reduce((sum, n) => sum + n, 0);
      const moved = count.reduce((sum, n, i) => sum + Math.abs(n - other.counts[prediction]![i]!), 0) / 2;
      assert.ok(moved <= 0.01 * pixels, `${name}: ${moved} of ${pixels} pixels of ${prediction} are others`);
    }
  }
}

for (const precision of ["f32", "f16"] as const) {
  const others: readonly Sharing[] = precision === "f32" ? [0, "workgroup"] : [];
  const ways = facts ? [...new Set([facts.sharing, ...others])] : ["any" as const];
  for (const sharing of ways) {
    dawnTest(
      lacksAdapter,
      `two steps and an evaluation of every method are as in Deno: ${precision}, sharing ${sharing}`,
      async () => {
        const found = await inDawn({ sharing: sharing as Sharing, precision });
        assert.equal(found.facts!.sharing, sharing);
        // Another way of sharing sums in another order: what is compared is the compilers and drivers.
        await withDevice({ sharing: sharing as Sharing }, async (device) => {
          assertAlike(found.steps!, await steps(device, precision), precision === "f16" ? 1e-2 : 1e-3);
        });
      },
    );
  }
}
