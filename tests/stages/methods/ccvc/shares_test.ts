import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import type { DeviceScalar } from "../../../../kernels/maps.ts";
import type { Tensor } from "../../../../kernels/tensor.ts";
import { tellConflict } from "../../../../stages/methods/both.ts";
import { pseudoLabels } from "../../../../stages/methods/ccvc/pseudo_labels.ts";
import { label, type Scores, share, where } from "../../../../stages/methods/parts.ts";
import type { Step } from "../../../../stages/methods/step.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const SHAPE = [2, 9, 7], CLASSES = 5, PIXELS = 2 * 9 * 7, THRESHOLD = 0.45;
const size = { height: 9, width: 7 };
const logits = [uniform(1, PIXELS * CLASSES, -2, 2), uniform(2, PIXELS * CLASSES, -2, 2)] as const;
const validity = Uint32Array.from(uniform(3, PIXELS, 0, 1.6), Math.floor);

/** What is told of. */
interface Seen {
  readonly one: Scores;
  readonly other: Scores;
  /** Which pixels are an image's. */
  readonly mask: Tensor;
}

/** What a step tells, read back. */
async function told(device: Device, tell: (step: Step, seen: Seen) => void): Promise<Record<string, number>> {
  const shares = new Map<string, DeviceScalar>();
  const { outputs } = await runOp(
    device,
    {
      one: { shape: [...SHAPE, CLASSES], values: logits[0] },
      other: { shape: [...SHAPE, CLASSES], values: logits[1] },
      mask: { shape: SHAPE, values: validity, layout: "map", dtype: "u32" },
    },
    (graph, { one, other, mask }) => {
      const step = {
        graph,
        tell: (name: string, share: () => DeviceScalar) => void shares.set(name, share()),
      };
      tell(step as unknown as Step, { one: { logits: one, size }, other: { logits: other, size }, mask });
      return [...shares.values()].map(({ tensor }) => tensor);
    },
  );
  return Object.fromEntries([...shares.keys()].map((name, i) => [name, outputs[i]![0]!]));
}

/** Labels and probabilities of the two, pixel by pixel. */
const seen = logits.map((scores) =>
  Array.from({ length: PIXELS }, (_, i) => {
    const own = Array.from(scores.slice(i * CLASSES, (i + 1) * CLASSES)), top = Math.max(...own);
    return {
      label: own.indexOf(top),
      confidence: 1 / own.reduce((sum, value) => sum + Math.exp(value - top), 0),
    };
  })
);

function shareOf(holds: (i: number) => boolean): number {
  const valid = [...validity.keys()].filter((i) => validity[i] !== 0);
  return Math.fround(valid.filter(holds).length / valid.length);
}

const differ = (i: number) => seen[0]![i]!.label !== seen[1]![i]!.label;
const isSure = (own: 0 | 1) => (i: number) => seen[own]![i]!.confidence > THRESHOLD;

gpuTest(
  "CCVC tells the shares of pixels that are confident, in conflict, and both; padding is left out",
  async (device) => {
    const shares = await told(device, (step, { one, other, mask }) => {
      const weights = {
        agreeConfident: 1,
        agreeUnconfident: 1,
        conflictConfident: 3,
        conflictUnconfident: 1,
      };
      pseudoLabels(step, [one, other], { confidence: "probability", threshold: THRESHOLD, weights }, mask);
    });
    assert.deepEqual(shares, {
      conflict: shareOf(differ),
      confident1: shareOf(isSure(0)),
      confident2: shareOf(isSure(1)),
      confident_conflict1: shareOf((i) => differ(i) && isSure(0)(i)),
      confident_conflict2: shareOf((i) => differ(i) && isSure(1)(i)),
    });
    // Each of these would hide a fault of another.
    assert.equal(new Set(Object.values(shares)).size, 5);
  },
);

gpuTest("two branches tell their conflict, one network the share of which it is sure", async (device) => {
  const shares = await told(device, (step, { one, other, mask }) => {
    tellConflict(step, [label(step, one, "logit"), label(step, other, "logit")], () => mask);
    const sure = where(step, label(step, one).confidence, "at least", THRESHOLD);
    step.tell("confident", () => share(step, sure, { mask }));
  });
  assert.deepEqual(shares, { conflict: shareOf(differ), confident: shareOf(isSure(0)) });
});
