import { batchNorm } from "../kernels/ops/norm/batch_norm.ts";
import { convolution, type Measured, measuredConvolution } from "../kernels/ops/convolution/convolution.ts";
import type { Tensor } from "../kernels/tensor.ts";
import { type NormSettings, normSettings } from "./norms.ts";
import { type Forward, type Layer, passesOf, type Scope, within } from "./registry.ts";

/** A convolution's declaration. */
export interface ConvolutionSpec {
  /** Channels of what it reads. */
  readonly inputs: number;
  /** Channels of what it gives. */
  readonly outputs: number;
  /** Taps per axis. */
  readonly size: number;
  /** Pixels from one output to the next; 1 unless told. */
  readonly stride?: number;
  /** Pixels from one tap to the next; 1 unless told. */
  readonly dilation?: number;
  /** Whether a bias is added; none unless told. */
  readonly bias?: boolean;
}

/** Convolution with "same" padding for its dilation; `<prefix>.weight` and, where asked for, `<prefix>.bias`. */
export function convolutionLayer(scope: Scope, spec: ConvolutionSpec): Layer {
  const { weight, bias, options } = declareConvolution(scope, spec);
  return ({ graph, tensor }, x) =>
    convolution(graph, x, tensor(weight), bias ? { ...options, bias: tensor(bias) } : options);
}

/** The same without a bias, before a norm: in training passes it leaves the statistics that the norm needs, where that pays. */
export function normedConvolution(
  scope: Scope,
  spec: Omit<ConvolutionSpec, "bias">,
): (forward: Forward, x: Tensor) => Measured {
  const { weight, options } = declareConvolution(scope, spec);
  return (forward, x) => {
    const { graph, tensor, training } = forward;
    return training
      ? measuredConvolution(graph, x, tensor(weight), { ...options, parts: passesOf(forward) })
      : { y: convolution(graph, x, tensor(weight), options) };
  };
}

function declareConvolution(scope: Scope, spec: ConvolutionSpec) {
  const { inputs, outputs, size, stride = 1, dilation = 1, bias = false } = spec;
  const name = (part: string) => `${scope.prefix}.${part}`;
  const fanIn = inputs * size * size;
  scope.registry.parameters.push({
    name: name("weight"),
    shape: [outputs, inputs, size, size],
    initialization: scope.group === "backbone"
      ? { distribution: "kaiming-normal-fan-out" }
      : { distribution: "uniform-fan-in", fanIn },
    group: scope.group,
    kind: "convolutions",
    ...(scope.decays === false && { decays: false }),
  });
  if (bias) {
    scope.registry.parameters.push({
      name: name("bias"),
      shape: [outputs],
      initialization: { distribution: "uniform-fan-in", fanIn },
      group: scope.group,
      kind: "biases",
    });
  }
  const options = { stride, dilation, padding: dilation * Math.floor(size / 2) };
  return { weight: name("weight"), ...(bias && { bias: name("bias") }), options };
}

/** Batch norm with its ReLU and residual sum, which are one pass over the data. */
export type NormLayer = (
  forward: Forward,
  x: Measured,
  options?: { relu?: boolean; residual?: Tensor },
) => Tensor;

/** What a single norm has that its network's do not. */
export interface NormSpec extends NormSettings {
  /** Whether it has γ; it has unless told. */
  readonly weighted?: boolean;
}

/**
 * Batch norm, by the settings of its network's part; PyTorch's names. ReLU is on unless told otherwise.
 *
 * @param spec What it has of its own.
 */
export function normLayer(scope: Scope, channels: number, spec: NormSpec = {}): NormLayer {
  const { norms, group, prefix } = scope, { weighted = true, ...own } = spec;
  const settings = normSettings({ ...norms?.[group], ...own });
  const first = declareNorm(scope, channels, weighted);
  const second = norms?.domains && declareNorm(within(scope, "aux"), channels, weighted, prefix);
  return (forward, { y: x, statistics }, { relu = true, residual } = {}) => {
    const { graph, tensor, training, afterEach, after, domain } = forward;
    const name = second && domain === norms?.domains?.[1] ? second : first;
    const passes = passesOf(forward);
    // In evaluation mode no pass leaves statistics: the running ones are what they were.
    const left = training ? afterEach : undefined;
    const remembered = (part: string) => {
      const statistic = graph.tensor({ label: name(part), shape: [passes, channels] });
      left?.set(name(part), statistic);
      return statistic;
    };
    const found = after?.statistics.has(name("running_mean")) ? after : undefined;
    const running = (part: string) => found?.statistics.get(name(part)) ?? tensor(name(part));
    return batchNorm(graph, x, {
      ...(weighted && { weight: tensor(name("weight")) }),
      bias: tensor(name("bias")),
      runningMean: running("running_mean"),
      runningVariance: running("running_var"),
    }, {
      ...settings,
      training,
      relu,
      passes,
      ...(statistics && { statistics }),
      ...(residual && { residual }),
      ...(left && {
        afterEach: { mean: remembered("running_mean"), variance: remembered("running_var") },
      }),
      ...(found && { after: found.pass }),
    });
  };
}

/** Declares what a norm learns and remembers; gives the names of its parts. */
function declareNorm(
  { registry, prefix, group }: Scope,
  channels: number,
  weighted: boolean,
  startsAs?: string,
): (part: string) => string {
  const tensor = (part: string) => ({
    name: `${prefix}.${part}`,
    shape: [channels],
    ...(startsAs !== undefined && { startsAs: `${startsAs}.${part}` }),
  });
  const constant = (part: string, value: number) => {
    const initialization = { distribution: "constant", value } as const;
    return { ...tensor(part), group, kind: "norms", initialization } as const;
  };
  registry.parameters.push(...(weighted ? [constant("weight", 1)] : []), constant("bias", 0));
  registry.statistics.push(
    { ...tensor("running_mean"), value: 0 },
    { ...tensor("running_var"), value: 1 },
  );
  return (part) => `${prefix}.${part}`;
}

/** Convolution, batch norm, ReLU: `<prefix>.<at>` and `<prefix>.<at + 1>`, as in a PyTorch Sequential. */
export function convolutionNormRelu(
  scope: Scope,
  at: number,
  spec: Omit<ConvolutionSpec, "bias">,
): Layer {
  const convolve = normedConvolution(within(scope, `${at}`), spec);
  const normalize = normLayer(within(scope, `${at + 1}`), spec.outputs);
  return (forward, x) => normalize(forward, convolve(forward, x));
}
