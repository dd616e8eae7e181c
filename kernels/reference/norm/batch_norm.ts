/** What the twin of batch norm needs besides x; images are [pixels, channels], dense. */
export interface BatchNormInputs {
  readonly x: Float64Array;
  /** Without it 1. */
  readonly weight?: Float64Array | undefined;
  readonly bias: Float64Array;
  readonly runningMean: Float64Array;
  readonly runningVariance: Float64Array;
  readonly residual?: Float64Array;
  readonly training: boolean;
  readonly relu: boolean;
  readonly momentum: number;
  readonly epsilon: number;
  /** In training the variance is raised to epsilon, which is not added then. */
  readonly clampsVariance?: boolean | undefined;
}

export interface BatchNormGradients {
  readonly x: Float64Array;
  readonly residual: Float64Array;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** CPU twin of the `ops/norm/batch_norm*.wgsl` kernels, in f64; the running statistics returned are the updated ones. */
export function batchNorm(inputs: BatchNormInputs): {
  y: Float64Array;
  runningMean: Float64Array;
  runningVariance: Float64Array;
  gradients: (dy: Float64Array) => BatchNormGradients;
} {
  const { x, bias, residual, training, relu, momentum, epsilon } = inputs;
  const channels = bias.length, weight = inputs.weight ?? new Float64Array(channels).fill(1);
  const clamps = training && inputs.clampsVariance === true;
  const pixels = x.length / channels;
  const y = new Float64Array(x.length), normalized = new Float64Array(x.length);
  const runningMean = inputs.runningMean.slice(), runningVariance = inputs.runningVariance.slice();
  const deviation = new Float64Array(channels), raised = new Array<boolean>(channels).fill(false);
  for (let c = 0; c < channels; c++) {
    let mean = runningMean[c]!, variance = runningVariance[c]!;
    if (training) {
      mean = variance = 0;
      for (let p = 0; p < pixels; p++) mean += x[p * channels + c]! / pixels;
      for (let p = 0; p < pixels; p++) variance += (x[p * channels + c]! - mean) ** 2 / pixels;
      const unbiased = variance * pixels / (pixels - 1);
      runningMean[c] = (1 - momentum) * runningMean[c]! + momentum * mean;
      runningVariance[c] = (1 - momentum) * runningVariance[c]! + momentum * unbiased;
    }
    deviation[c] = Math.sqrt(clamps ? Math.max(variance, epsilon) : variance + epsilon);
    if (clamps) raised[c] = variance < epsilon;
    for (let i = c; i < x.length; i += channels) {
      normalized[i] = (x[i]! - mean) / deviation[c]!;
      const value = weight[c]! * normalized[i]! + bias[c]! + (residual?.[i] ?? 0);
      y[i] = relu ? Math.max(value, 0) : value;
    }
  }
  const gradients = (dy: Float64Array): BatchNormGradients => {
    const passed = dy.map((g, i) => relu && y[i]! <= 0 ? 0 : g);
    const dx = new Float64Array(x.length);
    const dweight = new Float64Array(channels), dbias = new Float64Array(channels);
    for (let c = 0; c < channels; c++) {
      for (let i = c; i < x.length; i += channels) {
        dbias[c]! += passed[i]!;
        dweight[c]! += passed[i]! * normalized[i]!;
      }
      for (let i = c; i < x.length; i += channels) {
        // A variance that was raised does not depend on x.
        const spread = raised[c] ? 0 : normalized[i]! * dweight[c]!;
        const means = training ? (dbias[c]! + spread) / pixels : 0;
        dx[i] = weight[c]! / deviation[c]! * (passed[i]! - means);
      }
    }
    return { x: dx, residual: passed, weight: dweight, bias: dbias };
  };
  return { y, runningMean, runningVariance, gradients };
}
