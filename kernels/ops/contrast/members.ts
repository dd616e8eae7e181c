import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { checkMap, checkScalar, type DeviceScalar } from "../../maps.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import source from "./members.wgsl" with { type: "text" };

const interfaceOf = {
  file: "members.wgsl",
  source,
  uniforms: {
    height: "u32",
    width: "u32",
    image_height: "u32",
    image_width: "u32",
    first: "u32",
    columns: "u32",
    stride: "u32",
    low_rank: "u32",
    high_rank: "u32",
    anchor: "f32",
    negative: "f32",
    low_index: "u32",
    high_index: "u32",
  },
  writes: { flags: "u32" },
} as const;
const labeledKernel = defineKernel({
  ...interfaceOf,
  name: "contrast_members_labeled",
  reads: { logits: "vec4f", labels: "u32" },
});
const unlabeledKernel = defineKernel({
  ...interfaceOf,
  name: "contrast_members",
  reads: { logits: "vec4f", labels: "u32", entropy: "f32", lows: "f32", highs: "f32" },
});

/** Bits of {@linkcode contrastMembers}: sure and of the class, an anchor of it, a key. */
export const SURE = 1, ANCHOR = 2, KEY = 4;

/** Scores and labels of a batch. */
export interface LabeledPixels {
  /** [N, h, w, C], of the network that keys are from. */
  readonly logits: Tensor;
  /** u32 map [N, H, W]; 255 where there is none. */
  readonly labels: Tensor;
}

/** A batch whose labels a network has given, more or less sure of them. */
export interface UnsurePixels extends LabeledPixels {
  /** f32 map [N, H, W]. */
  readonly entropy: Tensor;
  /** Up to this, itself included, a pixel is sure. */
  readonly low: DeviceScalar;
  /** From this, itself included, a pixel is unsure. */
  readonly high: DeviceScalar;
}

/** Who is what. */
export interface MemberOptions {
  /**
   * Of which classes a pixel is: of its label; or, for those of the first image alone, of the labels of all images at its place, 255
   * taken for 0.
   */
  readonly planes: "first image" | "each image";
  /** Whether a key must be of its class by its label; what is labeled must not be in either case, so that then it has none. */
  readonly keys: "of the class" | "any";
  /** Ranks of a key's class among the scores, from 0: of what is labeled, those before `lowRank`; else from there to before `highRank`. */
  readonly lowRank: number;
  readonly highRank: number;
  /** What an anchor's probability of its class is above. */
  readonly anchor: number;
  /** What a key's probability of its class is below. */
  readonly negative: number;
}

/**
 * What each pixel of two batches is to each class, where features are contrasted: whether it is sure and of the class; an anchor, if
 * the network gives the class enough, too; a key, that is a negative of the class, if the class's rank among the scores is one of
 * the window's. A stored pixel has the label of the image's pixel ⌊i · H / h⌋. No gradient flows through it.
 *
 * @returns A u32 map [1, C, 2 · N·h·w], what is labeled first, of {@linkcode SURE}, {@linkcode ANCHOR}, {@linkcode KEY}.
 * @throws {ShapeError} If the maps do not suit the logits, or the batches are not equally large.
 * @see Wang et al., "Semi-Supervised Semantic Segmentation Using Unreliable Pseudo-Labels", CVPR 2022
 */
export function contrastMembers(
  graph: Graph,
  labeled: LabeledPixels,
  unlabeled: UnsurePixels,
  options: MemberOptions,
): Tensor {
  const { batch, height, width, channels } = imageExtents(labeled.logits);
  if (`${unlabeled.logits.shape}` !== `${labeled.logits.shape}`) {
    throw new ShapeError(
      `Cannot contrast ${labeled.logits.label} [${labeled.logits.shape}] with ${unlabeled.logits.label} ` +
        `[${unlabeled.logits.shape}]: the shapes must be equal`,
    );
  }
  const image = labeled.labels.shape, [, image_height, image_width] = image as [number, number, number];
  const what = `contrast ${labeled.logits.label} [${labeled.logits.shape}]`;
  if (image.length !== 3 || image[0] !== batch || image_height < height || image_width < width) {
    throw new ShapeError(
      `Cannot ${what} by labels [${image}]: as many images are needed, of as many pixels at least`,
    );
  }
  for (const labels of [labeled.labels, unlabeled.labels]) checkMap(what, labels, "u32", image);
  checkMap(what, unlabeled.entropy, "f32", image);
  checkScalar("threshold", unlabeled.low);
  checkScalar("threshold", unlabeled.high);
  const pixels = batch * height * width, columns = 2 * pixels, vectors = padded(channels) / 4;
  const flags = graph.tensor({
    label: "members of classes",
    shape: [1, channels, columns],
    dtype: "u32",
    layout: "map",
  });
  const { groups, stride } = elementwise(pixels * vectors);
  const { planes, keys, lowRank: low_rank, highRank: high_rank, anchor, negative } = options;
  const launch = (kernel: typeof labeledKernel | typeof unlabeledKernel, reads: Tensor[], first: number) =>
    graph.launch({
      kernel,
      reads,
      writes: [flags],
      uniforms: {
        height,
        width,
        image_height,
        image_width,
        first,
        columns,
        stride,
        low_rank,
        high_rank,
        anchor,
        negative,
        low_index: unlabeled.low.index,
        high_index: unlabeled.high.index,
      },
      constants: {
        VECTORS: vectors,
        CLASSES: channels,
        BATCH: batch,
        LABELED: Number(kernel === labeledKernel),
        UNION: Number(planes === "first image"),
        KEYS_OF_CLASS: Number(keys === "of the class"),
      },
      groups,
      loops: 0,
    });
  launch(labeledKernel, [labeled.logits, labeled.labels], 0);
  const { logits, labels, entropy, low, high } = unlabeled;
  launch(unlabeledKernel, [logits, labels, entropy, low.tensor, high.tensor], pixels);
  return flags;
}
