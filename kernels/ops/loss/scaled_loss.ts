import type { Graph, Loss } from "../../graph.ts";
import type { DeviceScalar } from "../../maps.ts";
import { scale } from "./scale.ts";

/**
 * A loss times a number that is looked up at every run, in its value and in its gradients; constant to them.
 *
 * @throws {ShapeError} If there is no number at the index.
 */
export function scaledLoss(graph: Graph, loss: Loss, factor: DeviceScalar): Loss {
  const { label } = loss;
  return {
    label,
    value: graph.keep(scale(graph, loss.value, factor)),
    backward: (graph, weight) =>
      loss.backward(graph, weight).map(([tensor, gradient]) =>
        [tensor, scale(graph, gradient, factor)] as const
      ),
  };
}
