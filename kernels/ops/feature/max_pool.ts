import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { imageExtents, type Tensor } from "../../tensor.ts";
import gradientSource from "./max_pool_gradient.wgsl" with { type: "text" };
import source from "./max_pool.wgsl" with { type: "text" };
import { channelLanes } from "../norm/channel_lanes.ts";

const uniforms = {
  lanes: "u32",
  in_height: "u32",
  in_width: "u32",
  out_height: "u32",
  out_width: "u32",
} as const;

const forward = defineKernel({
  name: "max_pool",
  source,
  uniforms,
  reads: { x: "vec4f" },
  writes: { y: "vec4f" },
});
const forwardWithWinners = defineKernel({
  name: "max_pool_with_winners",
  file: "max_pool.wgsl",
  source,
  uniforms,
  reads: { x: "vec4f" },
  writes: { y: "vec4f", winners: "u32" },
});
const backward = defineKernel({
  name: "max_pool_gradient",
  source: gradientSource,
  uniforms,
  reads: { dy: "vec4f", winners: "u32" },
  writes: { dx: "vec4f" },
});

/** A square window, in pixels. */
export interface MaxPoolOptions {
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

/**
 * The largest value of each window; of equal ones the first in scan order gets the gradient.
 *
 * As PyTorch's max_pool2d: outside the image lies −∞, and an extent n becomes ⌊(n + 2·padding − size) / stride⌋ + 1.
 * Going back keeps a byte per output value.
 *
 * @param x [N, H, W, C].
 * @throws {ShapeError} If the window does not fit into the padded image, or has a side outside [1, 8], or its padding is
 * more than half its side, or its stride is not in [1, size].
 */
export function maxPool(graph: Graph, x: Tensor, options: MaxPoolOptions): Tensor {
  const { size, stride, padding } = options;
  const { batch, height, width, channels } = imageExtents(x);
  checkWindow(x, options);
  const outHeight = Math.floor((height + 2 * padding - size) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - size) / stride) + 1;
  const lanes = channelLanes(channels);
  const y = graph.output(
    { label: `${x.label} pooled`.slice(0, 60), shape: [batch, outHeight, outWidth, channels] },
    [x],
  );
  const winners = graph.tensor({
    label: `${x.label} winners`,
    shape: [batch, outHeight, outWidth, lanes],
    dtype: "u32",
    layout: "map",
  });
  const extents = {
    lanes,
    in_height: height,
    in_width: width,
    out_height: outHeight,
    out_width: outWidth,
  };
  const window = { SIZE: size, STRIDE: stride, PADDING: padding };
  graph.launch({
    kernel: y.tracked ? forwardWithWinners : forward,
    reads: [x],
    writes: y.tracked ? [y, winners] : [y],
    uniforms: extents,
    constants: { ...window, WINNERS: Number(y.tracked) },
    groups: [Math.ceil(outWidth * lanes / WORKGROUP), outHeight, batch],
    loops: 0,
  });
  graph.record(y, (dy) => {
    const dx = graph.gradientLike(x);
    // The windows over a block of stride × stride pixels, from the first to the last.
    const first = -Math.floor((size - 1 - padding) / stride);
    const last = Math.floor((padding + stride - 1) / stride);
    graph.launch({
      kernel: backward,
      reads: [dy, winners],
      writes: [dx],
      uniforms: extents,
      constants: { ...window, FIRST: first, WINDOWS: last - first + 1 },
      groups: [Math.ceil(Math.ceil(width / stride) * lanes / WORKGROUP), Math.ceil(height / stride), batch],
      loops: 0,
    });
    return [[x, dx]];
  });
  return y;
}

function checkWindow(x: Tensor, { size, stride, padding }: MaxPoolOptions): void {
  const { height, width } = imageExtents(x);
  const within = (value: number, low: number, high: number) =>
    Number.isInteger(value) && value >= low && value <= high;
  const action = `Cannot pool ${x.label} [${x.shape}] by windows of ${size} × ${size}`;
  if (!within(size, 1, 8) || !within(stride, 1, size) || !within(padding, 0, size / 2)) {
    throw new ShapeError(
      `${action} at stride ${stride} with padding ${padding}: the side must be in [1, 8], the stride in [1, side] ` +
        "and the padding at most half the side",
    );
  }
  if (Math.min(height, width) + 2 * padding < size) {
    throw new ShapeError(`${action}: with padding ${padding} the image is smaller; use a larger image`);
  }
}
