import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, padded, storedVectors, type Tensor } from "../../tensor.ts";
import labelSource from "./label_tags.wgsl" with { type: "text" };
import scoreSource from "./score_tags.wgsl" with { type: "text" };

const labelKernel = defineKernel({
  name: "label_tags",
  source: labelSource,
  uniforms: { pixels: "u32", classes: "u32" },
  reads: { labels: "u32" },
  writes: { tags: "f32" },
});
const scoreKernel = defineKernel({
  name: "score_tags",
  source: scoreSource,
  uniforms: { count: "u32", classes: "u32", stride: "u32" },
  reads: { scores: "vec4f" },
  writes: { tags: "vec4f" },
});

/** Lanes of an image and class. */
const LANES = 256;

/**
 * Image-level tags of labels: which classes there are in an image, class 0, the background, and what has no label left out.
 *
 * @param labels u32 map [N, H, W].
 * @param classes How many there are, class 0 among them; 2 or more.
 * @returns f32[N, 1, 1, classes − 1], 1 or 0.
 * @throws {ShapeError} If `labels` is no u32 map [N, H, W], or there is no class but the background.
 */
export function labelTags(graph: Graph, labels: Tensor, classes: number): Tensor {
  const [batch = 0, height = 0, width = 0] = labels.shape;
  checkMap("tag images", labels, "u32", [batch, height, width]);
  if (!(Number.isInteger(classes) && classes >= 2)) {
    throw new ShapeError(
      `Cannot tag images by ${labels.label} with ${classes} classes: two or more are needed`,
    );
  }
  const tags = graph.tensor({
    label: `${labels.label} tags`.slice(0, 60),
    shape: [batch, 1, 1, classes - 1],
  });
  const pixels = height * width, channels = padded(classes - 1);
  graph.launch({
    kernel: labelKernel,
    reads: [labels],
    writes: [tags],
    uniforms: { pixels, classes: classes - 1 },
    constants: { CHANNELS: channels },
    groups: [channels, batch, 1],
    loops: Math.ceil(pixels / LANES) + LANES,
  });
  return tags;
}

/**
 * Image-level tags of a classifier: the classes that it gives a probability of a half or more, which is a score of 0 or more.
 *
 * @param scores f32[N, 1, 1, C].
 * @returns f32[N, 1, 1, C], 1 or 0.
 */
export function scoreTags(graph: Graph, scores: Tensor): Tensor {
  const { channels } = imageExtents(scores),
    count = storedVectors(scores),
    { groups, stride } = elementwise(count);
  const tags = graph.tensor({ label: `${scores.label} tags`.slice(0, 60), shape: scores.shape });
  graph.launch({
    kernel: scoreKernel,
    reads: [scores],
    writes: [tags],
    uniforms: { count, classes: channels, stride },
    constants: { VECTORS: padded(channels) / 4 },
    groups,
    loops: 0,
  });
  return tags;
}
