/** What a method's training step is written with: views in, predictions, weighted loss terms out. @module */
import type { Graph, Loss } from "../../kernels/graph.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import type { Networks } from "../../models/networks.ts";

/** One value for each branch. */
export type Pair<T> = readonly [T, T];

/** The images of a step, on the device. N is the batch, S the crop. */
export interface StepViews {
  readonly labeled: {
    /** Weak view, normalized, f32[N, S, S, 3]. */
    readonly image: Tensor;
    /** u32[N, S, S]; 255 where there is no label or no image. */
    readonly labels: Tensor;
  };
  readonly unlabeled: {
    /** Weak view. */
    readonly image: Tensor;
    /** u32[N, S, S]: 1 where a pixel comes from the image, 0 where it is padding. */
    readonly validity: Tensor;
    /** The same crop, photometrically changed; only for methods that ask for it. */
    readonly strong?: Tensor;
    /** CutMix boxes (kernels/ops/mix_boxes.ts), with `strong`. */
    readonly boxes?: Tensor;
  };
}

/** A loss with its coefficient in the total. */
export interface Term {
  /** How a log line names it, e.g. `ce1`. */
  readonly name: string;
  readonly loss: Loss;
  readonly weight: number;
}

/** What a recipe works on. */
export interface Step {
  readonly graph: Graph;
  readonly views: StepViews;
  /** Share of the optimizer's step that these images are: 1 / k for one of k micro-batches; 1 unless told. */
  readonly share?: number;
  /**
   * Captures the branches' training passes, one for each image batch, in order: each has batch statistics and dropout masks of
   * its own, and updates the running statistics. All of them run together.
   */
  predict<Pass extends string>(images: Readonly<Record<Pass, Tensor>>): Record<Pass, Pair<Prediction>>;
  /**
   * Captures the branches' evaluation-mode pass on an image batch, without gradients. The running statistics are those after the
   * first pass of `predict`, which has to come before.
   */
  label(image: Tensor): Pair<Prediction>;
  /** Where on the device the confidence threshold of this step lies, for methods that ask for one that rises. */
  readonly risingThreshold: { readonly tensor: Tensor; readonly index: number };
}

/** Makes the passes of a step; `together: false` runs them one by one, where one batch would be more than a device binds. */
export function makePasses(
  graph: Graph,
  { byName }: Pick<Networks, "byName">,
  { tensor, counters, together }: {
    tensor: (name: string) => Tensor;
    counters: Tensor;
    together: boolean;
  },
): Pick<Step, "predict" | "label"> {
  const branches = Object.values(byName);
  const afterFirst = new Map<string, Tensor>();
  const train = (
    passes: readonly string[],
    images: readonly Tensor[],
    first: boolean,
  ): Pair<Prediction>[] => {
    const forward = { graph, training: true, tensor, counters, passes, ...(first && { afterFirst }) };
    const [one, two] = branches.map((network) => network(forward, images)) as [
      Prediction[],
      Prediction[],
    ];
    return one.map((prediction, i) => [prediction, two[i]!] as const);
  };
  return {
    predict<Pass extends string>(images: Readonly<Record<Pass, Tensor>>) {
      const passes = Object.keys(images) as Pass[], batches = passes.map((pass) => images[pass]);
      const predictions = together
        ? train(passes, batches, true)
        : passes.flatMap((pass, i) => train([pass], [batches[i]!], i === 0));
      return Object.fromEntries(passes.map((pass, i) => [pass, predictions[i]!])) as Record<
        Pass,
        Pair<Prediction>
      >;
    },
    label(image) {
      const statistic = (name: string) => afterFirst.get(name) ?? tensor(name);
      const forward = { graph, training: false, tensor: statistic, passes: ["labeling"] };
      return graph.withoutGradients(() =>
        branches.map((network) => network(forward, [image])[0]!)
      ) as unknown as Pair<Prediction>;
    },
  };
}

/** Applies `make` to both branches; `other` is the index of the one that looks on. */
export function forBoth<T>(make: (own: 0 | 1, other: 0 | 1) => T): Pair<T> {
  return [make(0, 1), make(1, 0)];
}
