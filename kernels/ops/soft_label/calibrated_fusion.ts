import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import type { DeviceScalar } from "../../maps.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import { mapMean } from "../number/map_mean.ts";
import source from "./calibrated_fusion.wgsl" with { type: "text" };
import squaresSource from "./square_sums.wgsl" with { type: "text" };

const squaresKernel = defineKernel({
  name: "square_sums",
  source: squaresSource,
  uniforms: { pixels: "u32", stride: "u32" },
  reads: { a: "vec4f", b: "vec4f" },
  writes: { squares: "f32" },
});
const interfaceOf = {
  file: "calibrated_fusion.wgsl",
  source,
  uniforms: { pixels: "u32", stride: "u32", exponent: "f32" },
  writes: { fused: "vec4f", targets: "vec4f", confidence: "f32" },
} as const;
const plain = defineKernel({
  ...interfaceOf,
  name: "fusion",
  reads: { a: "vec4f", b: "vec4f" },
});
const calibrated = defineKernel({
  ...interfaceOf,
  name: "calibrated_fusion",
  reads: { a: "vec4f", b: "vec4f", mean: "f32" },
});

/** How two predictions become one. */
export interface FusionOptions {
  /** Whether all logits are divided by the root of the mean of their squares, of both predictions together, first. */
  readonly calibrated: boolean;
  /** Of the sharpening, above 0; `hard` for the class that is highest. */
  readonly temperature: number | "hard";
}

/** Two predictions as one. */
export interface Fusion {
  /** f32[N, h, w, C]: the mean of the two softmaxes. */
  readonly fused: Tensor;
  /** f32[N, h, w, C]: that sharpened, p^(1/T) over its sum; or 1 for its highest class, of equal ones the first, and 0 for others. */
  readonly targets: Tensor;
  /** f32 map [N, h, w]: the largest of the targets; of the mean, where these are hard. */
  readonly confidence: Tensor;
  /** The mean over pixels of the sum of all squares, where it is calibrated. */
  readonly squares?: DeviceScalar;
}

/**
 * Fuses two predictions of the same pixels to one distribution. No gradient flows through it.
 *
 * @param a f32[N, h, w, C], logits.
 * @param b Alike.
 * @throws {ShapeError} If the shapes differ. RangeError if the temperature is not above 0.
 * @see Zou et al., "PseudoSeg", ICLR 2021, and its published code
 */
export function calibratedFusion(
  graph: Graph,
  a: Tensor,
  b: Tensor,
  { calibrated: calibrates, temperature }: FusionOptions,
): Fusion {
  const { batch, height, width, channels } = imageExtents(a), { shape } = a;
  if (`${shape}` !== `${b.shape}` || a.layout !== b.layout) {
    throw new ShapeError(
      `Cannot fuse ${a.label} [${shape}] with ${b.label} [${b.shape}]: the shapes must be equal`,
    );
  }
  if (temperature !== "hard" && !(temperature > 0 && temperature < Infinity)) {
    throw new RangeError(
      `Cannot sharpen ${a.label} at temperature ${temperature}: it must be a number above 0`,
    );
  }
  const pixels = batch * height * width,
    { groups, stride } = elementwise(pixels),
    vectors = padded(channels) / 4;
  let squares: DeviceScalar | undefined;
  if (calibrates) {
    const sums = graph.tensor({
      label: `${a.label} squares`.slice(0, 60),
      shape: [batch, height, width],
      layout: "map",
    });
    graph.launch({
      kernel: squaresKernel,
      reads: [a, b],
      writes: [sums],
      uniforms: { pixels, stride },
      constants: { VECTORS: vectors },
      groups,
      loops: vectors,
    });
    squares = mapMean(graph, sums);
  }
  const like = (what: string) => graph.tensor({ label: `${a.label} ${what}`.slice(0, 60), shape });
  const fused = like("fused"), targets = like("targets");
  const confidence = graph.tensor({
    label: `${a.label} confidence`.slice(0, 60),
    shape: [batch, height, width],
    layout: "map",
  });
  graph.launch({
    kernel: squares ? calibrated : plain,
    reads: [a, b, ...(squares ? [squares.tensor] : [])],
    writes: [fused, targets, confidence],
    uniforms: { pixels, stride, exponent: temperature === "hard" ? 1 : 1 / temperature },
    constants: {
      VECTORS: vectors,
      CLASSES: channels,
      CALIBRATED: Number(calibrates),
      HARD: Number(temperature === "hard"),
    },
    groups,
    loops: 0,
  });
  return { fused, targets, confidence, ...(squares && { squares }) };
}
