import { strict as assert } from "node:assert";
import { lastJson } from "../support/command.ts";
import { runIn } from "./in_folder.ts";
import { testWithShared } from "../support/shared_data.ts";

async function trained(
  ...args: string[]
): Promise<{ seconds: number; metrics: ReturnType<typeof lastJson> }> {
  const folder = await Deno.makeTempDir();
  try {
    const result = await runIn(folder, ["train", ...args]);
    assert.equal(result.code, 0, result.stderr);
    const metrics = lastJson(result);
    console.log(`${args.join(" ")}: ${result.seconds.toFixed(0)} s, ${JSON.stringify(metrics.miou)}`);
    return { seconds: result.seconds, metrics };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Always answering "background" or "road": what a trained network must beat. */
function chance(perClass: readonly { iou: number }[]): number {
  return Math.max(...perClass.map(({ iou }) => iou)) / perClass.length;
}

testWithShared("data/voc", "voc-folder goes end to end on real photographs", async (root) => {
  const { metrics } = await trained("voc-folder", "--set", `load.root=${root}`);
  assert.equal(metrics.perClass.length, 21);
  assert.ok(metrics.miou.teacher > 0 && metrics.miou.teacher <= 100);
});

testWithShared("data/voc", "voc-folder takes a few steps with ResNet-50 at crop 129", async (root) => {
  const { metrics } = await trained(
    "voc-folder",
    ...["--set", `load.root=${root}`],
    ...["--set", "co-train.backbone=resnet50", "--set", "augment.crop=129"],
    ...[
      "--set",
      "co-train.epochs=1",
      "--set",
      "co-train.warmUpEpochs=0",
      "--set",
      "co-train.stepsPerEpoch=3",
    ],
  );
  assert.ok(metrics.pixelAccuracy.teacher > 0);
});

testWithShared("data/camvid", "camvid-46 learns more than its largest class", async (root) => {
  const { metrics } = await trained(
    "camvid-46",
    ...["--set", `load.root=${root}`, "--set", "co-train.epochs=4", "--set", "co-train.warmUpEpochs=2"],
  );
  assert.equal(metrics.perClass.length, 11);
  assert.ok(metrics.miou.teacher > chance(metrics.perClass), `mIoU is ${metrics.miou.teacher}`);
});
