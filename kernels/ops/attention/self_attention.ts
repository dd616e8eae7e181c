import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { defineKernel, MAX_GROUPS } from "../../shader/kernel.ts";
import { imageExtents, padded, storedVectors, type Tensor } from "../../tensor.ts";
import gradientSource from "./masked_softmax_gradient.wgsl" with { type: "text" };
import productsSource from "./pair_products.wgsl" with { type: "text" };
import softmaxSource from "./masked_softmax.wgsl" with { type: "text" };
import sumsSource from "./pair_sums.wgsl" with { type: "text" };

const productsKernel = defineKernel({
  name: "pair_products",
  source: productsSource,
  uniforms: { total: "u32", count: "u32", stride: "u32", factor: "f32" },
  reads: { a: "vec4f", b: "vec4f" },
  writes: { products: "f32" },
});
const sumsKernel = defineKernel({
  name: "pair_sums",
  source: sumsSource,
  uniforms: { total: "u32", count: "u32", stride: "u32", factor: "f32" },
  reads: { weights: "f32", values: "vec4f" },
  writes: { sums: "vec4f" },
});
const rowUniforms = { rows: "u32", count: "u32", stride: "u32" } as const;
const softmaxKernel = defineKernel({
  name: "masked_softmax",
  source: softmaxSource,
  uniforms: rowUniforms,
  reads: { scores: "f32", validity: "u32" },
  writes: { weights: "f32" },
});
const gradientKernel = defineKernel({
  name: "masked_softmax_gradient",
  source: gradientSource,
  uniforms: rowUniforms,
  reads: { weights: "f32", gradients: "f32", validity: "u32" },
  writes: { slopes: "f32" },
});

/** Lanes of a row. */
const LANES = 64;

/** What positions of an image attend by. */
export interface AttentionInputs {
  /** [N, h, w, D]. */
  readonly query: Tensor;
  /** [N, h, w, D]. */
  readonly key: Tensor;
  /** [N, h, w, C]. */
  readonly values: Tensor;
  /** u32 map [N, h, w]: 0 where a position is no part of the image. */
  readonly validity: Tensor;
}

/** What they see. */
export interface Attention {
  /** [N, h, w, C]: the values of all positions, weighted for each. */
  readonly attended: Tensor;
  /** f32 map [N, h·w, h·w]: how much a position (query) takes of each (key); each row sums to 1. */
  readonly weights: Tensor;
}

/**
 * Scaled dot-product self-attention over all positions of an image: weights = softmax(query · keyᵀ / √D) over the positions that are
 * valid. One that is not valid itself takes 1 / (h·w) of every position, valid or not, and has no gradient: what is left in single
 * precision of scores that −10⁹ is added to.
 *
 * @throws {ShapeError} If the shapes do not suit.
 * @see Vaswani et al., NeurIPS 2017; its mask as in PseudoSeg's published code
 */
export function selfAttention(graph: Graph, inputs: AttentionInputs): Attention {
  const { query, key, values, validity } = inputs;
  const { batch, height, width, channels: depth } = imageExtents(query), pixels = [batch, height, width];
  if (
    `${key.shape}` !== `${query.shape}` ||
    `${imageExtents(values) && values.shape.slice(0, 3)}` !== `${pixels}`
  ) {
    throw new ShapeError(
      `Cannot attend from ${query.label} [${query.shape}] to ${key.label} [${key.shape}] for ${values.label} [${values.shape}]: ` +
        `[${query.shape}] and [${pixels},C] are needed`,
    );
  }
  checkMap(`attend in ${query.label}`, validity, "u32", pixels);
  const count = height * width, factor = 1 / Math.sqrt(depth);
  const pairs = (label: string) =>
    graph.tensor({
      label: `${query.label} ${label}`.slice(0, 60),
      shape: [batch, count, count],
      layout: "map",
    });

  const scores = pairs("scores"), weights = pairs("attention");
  products(graph, query, key, scores, factor);
  rows(graph, weights, softmaxKernel, [scores, validity]);
  const attended = graph.output({
    label: `${values.label} attended`.slice(0, 60),
    shape: values.shape,
  }, [query, key, values]);
  sums(graph, weights, values, attended, {});
  graph.record(attended, (gradient) => {
    const found: (readonly [Tensor, Tensor])[] = [];
    const into = (tensor: Tensor, weights: Tensor, of: Tensor, options: SumOptions) => {
      const own = graph.gradientLike(tensor);
      sums(graph, weights, of, own, options);
      found.push([tensor, own]);
    };
    if (query.tracked || key.tracked) {
      const byWeights = pairs("d attention"), slopes = pairs("d scores");
      products(graph, gradient, values, byWeights, 1);
      rows(graph, slopes, gradientKernel, [weights, byWeights, validity]);
      if (query.tracked) into(query, slopes, key, { factor });
      if (key.tracked) into(key, slopes, query, { factor, transposed: true });
    }
    if (values.tracked) into(values, weights, gradient, { transposed: true });
    return found;
  });
  return { attended, weights };
}

function products(graph: Graph, a: Tensor, b: Tensor, into: Tensor, factor: number): void {
  const [batch, count] = into.shape as [number, number], total = batch * count * count;
  const { groups, stride } = elementwise(total), vectors = padded(a.shape[3]!) / 4;
  graph.launch({
    kernel: productsKernel,
    reads: [a, b],
    writes: [into],
    uniforms: { total, count, stride, factor },
    constants: { VECTORS: vectors },
    groups,
    loops: vectors,
  });
}

/** How values are summed. */
interface SumOptions {
  /** 1 unless told. */
  readonly factor?: number;
  /** Whether the weights of a position are a column. */
  readonly transposed?: boolean;
}

function sums(
  graph: Graph,
  weights: Tensor,
  values: Tensor,
  into: Tensor,
  { factor = 1, transposed = false }: SumOptions,
): void {
  const count = weights.shape[1]!, total = storedVectors(into), { groups, stride } = elementwise(total);
  graph.launch({
    kernel: sumsKernel,
    reads: [weights, values],
    writes: [into],
    uniforms: { total, count, stride, factor },
    constants: { VECTORS: padded(values.shape[3]!) / 4, TRANSPOSED: Number(transposed) },
    groups,
    loops: count,
  });
}

function rows(
  graph: Graph,
  into: Tensor,
  kernel: typeof softmaxKernel | typeof gradientKernel,
  reads: readonly Tensor[],
): void {
  const [batch, count] = into.shape as [number, number], rows = batch * count;
  const stride = Math.min(rows, MAX_GROUPS);
  graph.launch({
    kernel,
    reads,
    writes: [into],
    uniforms: { rows, count, stride },
    groups: [stride, Math.ceil(rows / stride), 1],
    loops: 3 * Math.ceil(count / LANES) + 2 * LANES,
  });
}
