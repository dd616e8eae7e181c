/** A checkpoint as an ONNX model: a photograph in, class scores of its pixels out. @module */
import { WeightsError } from "../../models/errors.ts";
import { addNetwork, normalized, resized } from "../../models/onnx/deeplabv3plus.ts";
import { OnnxModel } from "../../models/onnx/model.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { didYouMean } from "../../pipeline/mod.ts";
import { atrous, type NetworkDescription } from "./network.ts";

/**
 * Writes the networks of a prediction as one model, in evaluation mode: input `image`, f32[N, 3, H, W], RGB from 0 to 255;
 * output `logits`, f32[N, classes, H, W], of several networks the mean of theirs. N, H and W are free. The classes go with it as
 * JSON, `classes` of its metadata.
 *
 * @param prediction Which of the checkpoint's; its headline unless told.
 * @throws {WeightsError} With the reason alone: there is no such prediction.
 */
export function encodeOnnx(
  description: NetworkDescription,
  state: StateDict,
  prediction: string = description.headline,
): Uint8Array<ArrayBuffer> {
  const { backbone, networks, predictions, classes } = description;
  const of = Object.hasOwn(predictions, prediction) ? predictions[prediction]! : undefined;
  if (of === undefined) {
    throw new WeightsError(
      `it has no prediction "${prediction}". ${didYouMean(prediction, Object.keys(predictions))}`,
    );
  }
  const model = new OnnxModel();
  const images = normalized(model, "image");
  const scores = of.map((name) =>
    addNetwork({
      model,
      state,
      name,
      spec: { backbone, classes: classes.names.length, ...atrous(description), ...networks[name] },
    }, images)
  );
  const sum = scores.reduce((a, b) => model.add("Add", [a, b]));
  const mean = scores.length === 1
    ? sum
    : model.add("Div", [sum, model.floats("networks", [], Float32Array.of(scores.length))]);
  model.add("Identity", [resized(model, mean, "image")], {}, "logits");
  const pixels = ["N", "H", "W"] as const, [n, h, w] = pixels;
  return model.encode(`DeepLabV3+ ${backbone}`, {
    inputs: [{ name: "image", shape: [n, 3, h, w] }],
    outputs: [{ name: "logits", shape: [n, classes.names.length, h, w] }],
    metadata: { classes: JSON.stringify(classes), prediction },
  });
}
