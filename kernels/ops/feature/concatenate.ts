import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { imageExtents, type Tensor } from "../../tensor.ts";
import { copyChannels } from "./channel_copy.ts";
import { channelLanes } from "../norm/channel_lanes.ts";

/**
 * Images side by side along their channels, in order.
 *
 * @param tensors Each [N, H, W, Cᵢ].
 * @returns [N, H, W, ΣCᵢ]; a single tensor comes back as it is.
 * @throws {ShapeError} If there is none, N, H or W differ, or a Cᵢ before the last is not a multiple of 4 (channels are
 * stored in fours, so the next would have to be shifted).
 */
export function concatenate(graph: Graph, tensors: readonly Tensor[]): Tensor {
  const [first, ...others] = tensors;
  if (!first) throw new ShapeError("Cannot concatenate no tensors: one or more are needed");
  const { batch, height, width } = imageExtents(first);
  for (const other of others) {
    if (`${other.shape.slice(0, 3)}` !== `${first.shape.slice(0, 3)}` || other.shape.length !== 4) {
      throw new ShapeError(
        `Cannot concatenate ${other.label} [${other.shape}] with ${first.label} [${first.shape}]: ` +
          "batch, height and width must be equal",
      );
    }
  }
  const uneven = tensors.slice(0, -1).find((tensor) => imageExtents(tensor).channels % 4 !== 0);
  if (uneven) {
    throw new ShapeError(
      `Cannot concatenate ${uneven.label} [${uneven.shape}] with what follows: its channels must be a multiple of 4; ` +
        "put it last",
    );
  }
  if (others.length === 0) return first;
  const channels = tensors.reduce((sum, tensor) => sum + imageExtents(tensor).channels, 0);
  const joined = graph.output(
    {
      label: tensors.map(({ label }) => label).join("|").slice(0, 60),
      shape: [batch, height, width, channels],
    },
    tensors,
  );
  const joinedLanes = channelLanes(channels);
  let offset = 0;
  const parts = tensors.map((tensor) => {
    const part = { tensor, offset, lanes: channelLanes(tensor.shape[3]!) };
    offset += part.lanes;
    return part;
  });
  const pixels = batch * height * width;
  for (const { tensor, offset, lanes } of parts) {
    const origin = { lanes, offset: 0 }, goal = { lanes: joinedLanes, offset };
    copyChannels(graph, tensor, joined, { lanes, pixels, origin, goal });
  }
  graph.record(
    joined,
    (gradient) =>
      parts.filter(({ tensor }) => tensor.tracked).map(({ tensor, offset, lanes }) => {
        const slice = graph.gradientLike(tensor);
        const origin = { lanes: joinedLanes, offset }, goal = { lanes, offset: 0 };
        copyChannels(graph, gradient, slice, { lanes, pixels, origin, goal });
        return [tensor, slice] as const;
      }),
  );
  return joined;
}
