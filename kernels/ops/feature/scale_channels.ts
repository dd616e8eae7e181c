import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { imageExtents, storedVectors, type Tensor } from "../../tensor.ts";
import source from "./scale_channels.wgsl" with { type: "text" };
import { channelLanes, perChannel, PIXELS } from "../norm/channel_lanes.ts";

const kernel = defineKernel({
  name: "scale_channels",
  source,
  uniforms: { lanes: "u32", image: "u32", step: "u32" },
  reads: { x: "vec4f", factors: "vec4f" },
  writes: { y: "vec4f" },
});

/**
 * Multiplies each channel of each sample by a factor of its own: a channel dropout whose mask is given, not drawn.
 *
 * @param x [N, H, W, C].
 * @param factors f32 [N, 1, 1, C], constant to the gradient.
 * @returns [N, H, W, C].
 * @throws {ShapeError} If the factors are of another shape, or tracked.
 */
export function scaleChannels(graph: Graph, x: Tensor, factors: Tensor): Tensor {
  const { batch, channels } = imageExtents(x);
  if (`${factors.shape}` !== `${[batch, 1, 1, channels]}` || factors.dtype !== "f32" || factors.tracked) {
    throw new ShapeError(
      `Cannot scale the channels of ${x.label} [${x.shape}] by ${factors.label} [${factors.shape}] (${factors.dtype}` +
        `${factors.tracked ? ", tracked" : ""}): constant factors f32 [${batch},1,1,${channels}] are needed`,
    );
  }
  const lanes = channelLanes(channels), image = storedVectors(x) / batch;
  const { step } = perChannel(image, lanes);
  const scale = (from: Tensor, to: Tensor) =>
    graph.launch({
      kernel,
      reads: [from, factors],
      writes: [to],
      uniforms: { lanes, image, step },
      constants: { PIXELS },
      groups: [Math.ceil(step / WORKGROUP), batch, 1],
      loops: 0,
    });
  const y = graph.output({ label: `${x.label} scaled`.slice(0, 60), shape: x.shape }, [x]);
  scale(x, y);
  graph.record(y, (dy) => {
    const dx = graph.gradientLike(x);
    scale(dy, dx);
    return [[x, dx]];
  });
  return y;
}
