import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { imageExtents, storedVectors, type Tensor } from "../../tensor.ts";
import axisGradientSource from "./resize_axis_gradient.wgsl" with { type: "text" };
import source from "./resize_bilinear.wgsl" with { type: "text" };
import { channelLanes } from "../norm/channel_lanes.ts";
import { spreadPixels, sumPixels } from "./pixel_sum.ts";

const forward = defineKernel({
  name: "resize_bilinear",
  source,
  uniforms: { lanes: "u32", in_height: "u32", in_width: "u32", out_height: "u32", out_width: "u32" },
  reads: { x: "vec4f" },
  writes: { y: "vec4f" },
});
const axisGradient = defineKernel({
  name: "resize_axis_gradient",
  source: axisGradientSource,
  uniforms: { inner: "u32", inputs: "u32", outputs: "u32", outer: "u32" },
  reads: { dy: "vec4f" },
  writes: { dx: "vec4f" },
});

/** Output rows of an invocation: neighbors come from the same input rows. */
const ROWS = 4;

/** Largest extent whose positions, products of two extents, are exact in the kernels' 32-bit integers. */
export const MAX_EXTENT = 32_768;

/**
 * Bilinear interpolation with corners aligned: output o of an axis lies at o · (in − 1) / (out − 1) of the input, at 0
 * where there is one output, as PyTorch's `interpolate(…, align_corners=True)`.
 *
 * The gradient goes back one axis at a time: an input pixel then sums a row and a column instead of a whole area.
 *
 * @param x [N, H, W, C].
 * @returns [N, height, width, C]; x itself where the size stays.
 * @throws {ShapeError} If an extent is not an integer in [1, 32768].
 */
export function resizeBilinear(graph: Graph, x: Tensor, height: number, width: number): Tensor {
  const { batch, height: inHeight, width: inWidth, channels } = imageExtents(x);
  if ([height, width, inHeight, inWidth].some((n) => !Number.isInteger(n) || n < 1 || n > MAX_EXTENT)) {
    throw new ShapeError(
      `Cannot resize ${x.label} [${x.shape}] to ${height} × ${width}: extents must be integers in [1, ${MAX_EXTENT}]`,
    );
  }
  if (height === inHeight && width === inWidth) return x;
  const lanes = channelLanes(channels);
  const y = graph.output(
    { label: `${x.label} resized`.slice(0, 60), shape: [batch, height, width, channels] },
    [x],
  );
  if (inHeight === 1 && inWidth === 1) {
    spreadPixels(graph, x, y, 1);
    graph.record(y, (dy) => {
      const dx = graph.gradientLike(x);
      sumPixels(graph, dy, dx, 1);
      return [[x, dx]];
    });
    return y;
  }
  graph.launch({
    kernel: forward,
    reads: [x],
    writes: [y],
    uniforms: { lanes, in_height: inHeight, in_width: inWidth, out_height: height, out_width: width },
    constants: { ROWS },
    groups: [Math.ceil(width * lanes / WORKGROUP), Math.ceil(height / ROWS), batch],
    loops: 0,
  });
  graph.record(y, (dy) => {
    let gradient = dy;
    if (height !== inHeight) {
      const rows = graph.tensor({
        label: `d ${x.label} rows`,
        shape: [batch, inHeight, width, channels],
        dtype: x.dtype,
      });
      gradient = axis(graph, gradient, rows, width * lanes, inHeight, height);
    }
    if (width !== inWidth) {
      const dx = graph.gradientLike(x);
      gradient = axis(graph, gradient, dx, lanes, inWidth, width);
    }
    return [[x, gradient]];
  });
  return y;
}

/** Goes back along one axis; `inner` vec4s lie between neighbors on it. */
function axis(
  graph: Graph,
  dy: Tensor,
  dx: Tensor,
  inner: number,
  inputs: number,
  outputs: number,
): Tensor {
  const outer = storedVectors(dx) / inner / inputs;
  graph.launch({
    kernel: axisGradient,
    reads: [dy],
    writes: [dx],
    uniforms: { inner, inputs, outputs, outer },
    groups: [Math.ceil(inputs * inner / WORKGROUP), Math.min(outer, 32_768), Math.ceil(outer / 32_768)],
    // An input reaches to its neighbors on both sides.
    loops: Math.min(outputs, Math.ceil(2 * outputs / Math.max(inputs - 1, 1)) + 2),
  });
  return dx;
}
