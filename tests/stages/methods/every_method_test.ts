/** What holds for every method, whatever it is. */
import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { cps } from "../../../stages/methods/cps.ts";
import { cutMixSeg } from "../../../stages/methods/cutmix_seg.ts";
import type { Configured } from "../../../stages/methods/method.ts";
import { supervised } from "../../../stages/methods/supervised.ts";
import { unimatch } from "../../../stages/methods/unimatch.ts";
import { openSession, type Session, type SessionOptions } from "../../../stages/training/session.ts";
import { gpuTest } from "../../support/gpu.ts";
import { bound, networkOf, shapesViews } from "../../support/training.ts";

const every: Readonly<Record<string, Configured>> = {
  supervised: supervised(),
  ccvc: ccvc({ dropout: 0.5 }),
  "ccvc, strong": ccvc({ augmentation: "strong", mode: "vote_threshold" }),
  cps: cps(),
  "cps, CutMix": cps({ cutMix: true }),
  unimatch: unimatch({ threshold: 0.1 }),
  "cutmix-seg": cutMixSeg({ threshold: 0.1 }),
  "cutmix-seg, CutOut": cutMixSeg({
    mask: "zero",
    threshold: 0,
    rampEpochs: 2,
    color: true,
    boxes: 2,
    frozenNorms: false,
    distance: "kl-divergence",
  }),
};

const views = shapesViews();
const STEPS = 3;
const batches = Array.from({ length: STEPS }, (_, step) => ({
  labeled: [0, 1, 2, 3],
  unlabeled: [0, 1, 2, 3].map((i) => (i + step) % 8),
  others: [2, 3, 4, 5].map((i) => (i + step) % 8),
}));

function open(device: Device, configured: Configured, change: Partial<SessionOptions> = {}): Session {
  const method = bound(configured);
  return openSession(device, {
    network: networkOf(method),
    method,
    views,
    batch: 4,
    seed: 5,
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
    warmUp: true,
    ...change,
  });
}

/** Takes steps, the first one of the warm-up. */
function take(session: Session, from: number, to: number): void {
  for (let step = from; step < to; step++) {
    session.step(batches[step]!, {
      phase: step === 0 ? "warm-up" : "method",
      epoch: 0,
      step,
      rate: 0.01,
      at: { step: Math.max(0, step - 1), steps: STEPS - 1, epoch: 0, epochs: 1, stepsPerEpoch: STEPS - 1 },
    });
  }
}

interface Trained {
  readonly captured: readonly Float32Array[];
  readonly losses: Record<string, number>;
  readonly memory: Session["memory"];
}

async function train(
  device: Device,
  configured: Configured,
  change: Partial<SessionOptions> = {},
): Promise<Trained> {
  const session = open(device, configured, change);
  take(session, 0, STEPS);
  const { memory } = session, captured = await session.snapshot(), losses = await session.losses();
  session.free();
  return { captured, losses, memory };
}

for (const [name, method] of Object.entries(every)) {
  gpuTest(
    `${name}: stopped and gone on from, and with outputs made again, the same to the bit`,
    async (device) => {
      for (const change of [{}, { accumulate: 2 }, { precision: "f16" as const }]) {
        const whole = await train(device, method, { ...change, recompute: "never" });
        for (const values of whole.captured) assert.ok(values.every(Number.isFinite));
        const first = open(device, method, change);
        take(first, 0, 2);
        const halfway = await first.snapshot();
        first.free();
        const second = open(device, method, change);
        second.restore(halfway);
        take(second, 2, STEPS);
        assert.deepEqual(await second.snapshot(), whole.captured);
        second.free();
        const again = await train(device, method, { ...change, recompute: "always" });
        assert.deepEqual(again.captured, whole.captured);
        assert.ok(again.memory.repeated > 0);
        assert.ok(again.memory.workspaceBytes <= whole.memory.workspaceBytes);
      }
    },
  );

  gpuTest(`${name}: micro-batches and f16 learn much the same in less memory`, async (device) => {
    const whole = await train(device, method);
    for (const change of [{ accumulate: 2 }, { precision: "f16" as const }]) {
      const { losses, memory } = await train(device, method, change);
      assert.deepEqual(Object.keys(losses), Object.keys(whole.losses));
      assert.ok(memory.workspaceBytes < 0.8 * whole.memory.workspaceBytes);
      // Micro-batches are normalized apart; pixels at a threshold may flip in f16.
      const tolerance = "precision" in change ? 0.1 : 0.5;
      for (const [term, value] of Object.entries(losses)) {
        const wanted = whole.losses[term]!;
        assert.ok(
          Math.abs(value - wanted) < tolerance * Math.abs(wanted) + 0.05,
          `${term}: ${value}, ${wanted}`,
        );
      }
    }
  });
}
