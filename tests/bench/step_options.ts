/** Which step a command line names. */
import { type BackboneName, BACKBONES } from "../../models/resnet.ts";
import type { CcvcStep, StepChoice } from "./step/captured_step.ts";
import { parseOptions } from "./options.ts";

/** What each backbone is measured at unless told. */
const usual: Readonly<Record<BackboneName, Omit<CcvcStep, "backbone">>> = {
  resnet14: { crop: 64, batch: 8, views: "strong" },
  resnet18: { crop: 129, batch: 2, views: "weak" },
  resnet34: { crop: 129, batch: 2, views: "weak" },
  "torchvision-resnet50": { crop: 129, batch: 2, views: "weak" },
  "torchvision-resnet101": { crop: 512, batch: 2, views: "weak" },
  resnet50: { crop: 129, batch: 2, views: "weak" },
  resnet101: { crop: 512, batch: 2, views: "weak" },
};

/**
 * Reads the options of the step bench.
 * @throws {RangeError} If there is a mistake in them.
 */
export function readStepOptions(
  args: readonly string[],
): { choice: StepChoice; rounds: number; cold: boolean; json: boolean } {
  return parseOptions(args, {
    small: { type: "boolean", default: false },
    backbone: { type: "string" },
    crop: { type: "string" },
    batch: { type: "string" },
    views: { type: "string" },
    precision: { type: "string" },
    cold: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  }, (values, whole) => {
    const { small, backbone = "resnet14", views, precision, cold, json } = values;
    const rest = { rounds: whole("rounds", 1), cold, json };
    const own = (["backbone", "crop", "batch", "views", "precision"] as const).find((name) =>
      values[name] !== undefined
    );
    if (small && own !== undefined) {
      throw new RangeError(`Cannot measure the small step with "--${own}": its sizes are fixed`);
    }
    if (small) return { choice: "small", ...rest };
    if (!isBackbone(backbone)) {
      throw new RangeError(
        `Cannot measure backbone "${backbone}": it must be one of ${Object.keys(BACKBONES).join(", ")}`,
      );
    }
    if (views !== undefined && views !== "weak" && views !== "strong") {
      throw new RangeError(`Cannot measure views "${views}": they are weak or strong`);
    }
    if (precision !== undefined && precision !== "f32" && precision !== "f16") {
      throw new RangeError(`Cannot measure precision "${precision}": it is f32 or f16`);
    }
    const choice: StepChoice = {
      backbone,
      crop: values.crop === undefined ? usual[backbone].crop : whole("crop", 16),
      // Batch norm over a pooled image needs two of them.
      batch: values.batch === undefined ? usual[backbone].batch : whole("batch", 2),
      views: views ?? usual[backbone].views,
      ...(precision === "f16" && { precision }),
    };
    return { choice, ...rest };
  });
}

function isBackbone(name: string): name is BackboneName {
  return Object.hasOwn(BACKBONES, name);
}
