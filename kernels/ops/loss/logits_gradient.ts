import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { storedVectors, type Tensor } from "../../tensor.ts";
import source from "./logits_gradient.wgsl" with { type: "text" };
import type { LogitsWalk } from "./upsampled_logits.ts";

const kernel = defineKernel({
  name: "logits_gradient",
  source,
  uniforms: {
    batch: "u32",
    in_height: "u32",
    in_width: "u32",
    width: "u32",
    lanes: "u32",
    span: "u32",
    segments: "u32",
    factor: "f32",
    stride: "u32",
  },
  reads: { slopes: "vec4f", scale: "f32" },
  writes: { gradient: "vec4f" },
});

/** Room for what a walk over the pixels notes of a loss's derivative, for {@linkcode logitsGradient} to gather. */
export function slopesOf(graph: Graph, walk: LogitsWalk, label: string): Tensor {
  const { shape: [batch, height, width], span, segments, upsampled, constants } = walk;
  // Of stored rows, those between two segments in two parts; where pixels are stored, of the pixels.
  const rows = upsampled ? segments * (span + 1) : height;
  return graph.tensor({ label: `${label} slopes`, shape: [batch, rows, width, constants.CLASSES] });
}

/**
 * The gradient of a loss by the logits that are stored, from its slopes by those of every pixel.
 *
 * @param logits [N, h, w, C].
 * @param options.slopes As {@linkcode slopesOf} makes them, filled by a kernel that walks.
 * @param options.scale f32 map [1, 1, 4]: first what the slopes are multiplied by; see finish_loss.ts.
 * @param options.weight Multiplies all.
 * @returns [N, h, w, C], stored as the logits are.
 */
export function logitsGradient(
  graph: Graph,
  logits: Tensor,
  { walk, slopes, scale, label, weight }: {
    readonly walk: LogitsWalk;
    readonly slopes: Tensor;
    readonly scale: Tensor;
    readonly label: string;
    readonly weight: number;
  },
): Tensor {
  const { shape: [batch, , width], span, segments, constants } = walk;
  const { in_height, in_width } = walk.uniforms;
  const gradient = graph.tensor({
    label: `∂${label}/∂${logits.label}`.slice(0, 60),
    shape: logits.shape,
    dtype: logits.dtype,
  });
  const { groups, stride } = elementwise(storedVectors(gradient));
  graph.launch({
    kernel,
    reads: [slopes, scale],
    writes: [gradient],
    uniforms: {
      batch,
      in_height,
      in_width,
      width,
      lanes: constants.VECTORS,
      span,
      segments,
      factor: weight,
      stride,
    },
    constants: { UPSAMPLED: constants.UPSAMPLED },
    groups,
    // A stored column reaches to its neighbors on both sides.
    loops: 2 * Math.min(width, Math.ceil(2 * width / Math.max(in_width - 1, 1)) + 2),
  });
  return gradient;
}
