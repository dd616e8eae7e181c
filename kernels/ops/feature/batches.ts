import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { imageExtents, storedVectors, type Tensor } from "../../tensor.ts";
import { copyChannels } from "./channel_copy.ts";
import { channelLanes } from "../norm/channel_lanes.ts";
import { clear } from "./clear.ts";

/**
 * Image batches one after another, in order.
 *
 * @param parts Each [Nᵢ, H, W, C].
 * @returns [ΣNᵢ, H, W, C]; a single tensor comes back as it is.
 * @throws {ShapeError} If there is none, or H, W or C differ.
 */
export function joinBatches(graph: Graph, parts: readonly Tensor[]): Tensor {
  const [first, ...others] = parts;
  if (!first) throw new ShapeError("Cannot join no batches: one or more are needed");
  const { height, width, channels } = imageExtents(first);
  for (const other of others) {
    if (imageExtents(other) && `${other.shape.slice(1)}` !== `${first.shape.slice(1)}`) {
      throw new ShapeError(
        `Cannot join ${other.label} [${other.shape}] to ${first.label} [${first.shape}]: height, width and channels must be equal`,
      );
    }
  }
  if (others.length === 0) return first;
  const batch = parts.reduce((sum, part) => sum + imageExtents(part).batch, 0);
  const joined = graph.output(
    {
      label: parts.map(({ label }) => label).join(" + ").slice(0, 60),
      shape: [batch, height, width, channels],
    },
    parts,
  );
  const places = placesOf(parts);
  for (const { part, offset } of places) copyImages(graph, part, joined, { goal: offset });
  graph.record(joined, (gradient) =>
    places.filter(({ part }) => part.tracked).map(({ part, offset }) => {
      const own = graph.gradientLike(part);
      copyImages(graph, gradient, own, { origin: offset });
      return [part, own] as const;
    }));
  return joined;
}

/**
 * A batch in parts of equal size, in order.
 *
 * @param x [N, H, W, C].
 * @returns `count` times [N / count, H, W, C]; x itself where it is 1.
 * @throws {ShapeError} If N is not a multiple of `count`.
 */
export function splitBatch(graph: Graph, x: Tensor, count: number): Tensor[] {
  const { batch, height, width, channels } = imageExtents(x);
  if (batch % count !== 0) {
    throw new ShapeError(
      `Cannot split ${x.label} [${x.shape}] into ${count} parts: the batch must be a multiple of them`,
    );
  }
  if (count === 1) return [x];
  const shape = [batch / count, height, width, channels];
  const parts = Array.from(
    { length: count },
    (_, i) => graph.output({ label: `${x.label}, part ${i + 1}`.slice(0, 60), shape }, [x]),
  );
  const places = placesOf(parts);
  for (const { part, offset } of places) copyImages(graph, x, part, { origin: offset });
  graph.recordAll(parts, (gradients) => {
    const dx = graph.gradientLike(x);
    if (gradients.includes(undefined)) clear(graph, dx);
    places.forEach(({ offset }, i) => {
      const gradient = gradients[i];
      if (gradient) copyImages(graph, gradient, dx, { goal: offset });
    });
    return [[x, dx]];
  });
  return parts;
}

/** Where each part lies in the whole, in vec4s. */
function placesOf(parts: readonly Tensor[]): { part: Tensor; offset: number }[] {
  let offset = 0;
  return parts.map((part) => {
    const place = { part, offset };
    offset += storedVectors(part);
    return place;
  });
}

/** As many images as the smaller tensor holds. Whole pixels are moved, so that an offset in vec4s is all it takes. */
function copyImages(
  graph: Graph,
  from: Tensor,
  to: Tensor,
  { origin = 0, goal = 0 }: { origin?: number; goal?: number },
): void {
  const lanes = channelLanes(from.shape[3]!);
  copyChannels(graph, from, to, {
    lanes,
    pixels: Math.min(storedVectors(from), storedVectors(to)) / lanes,
    origin: { lanes, offset: origin },
    goal: { lanes, offset: goal },
  });
}
