/** Extents of a convolution of dense arrays. */
export interface ConvolutionShape {
  /** [N, H, W, C] */
  readonly x: readonly [number, number, number, number];
  /** Taps per axis, output channels. */
  readonly taps: number;
  readonly outputs: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

/** [N, H', W', O] */
export function convolutionOutput(shape: ConvolutionShape): [number, number, number, number] {
  const extent = (size: number) =>
    Math.floor((size + 2 * shape.padding - shape.dilation * (shape.taps - 1) - 1) / shape.stride) + 1;
  return [shape.x[0], extent(shape.x[1]), extent(shape.x[2]), shape.outputs];
}

/** Calls `visit` with the flat indices of each (input, weight, output) triple that is multiplied. */
function eachProduct(shape: ConvolutionShape, visit: (x: number, w: number, y: number) => void): void {
  const [, height, width, channels] = shape.x;
  const [batch, outHeight, outWidth, outputs] = convolutionOutput(shape);
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        for (let ky = 0; ky < shape.taps; ky++) {
          for (let kx = 0; kx < shape.taps; kx++) {
            const iy = oy * shape.stride + ky * shape.dilation - shape.padding;
            const ix = ox * shape.stride + kx * shape.dilation - shape.padding;
            if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
            for (let c = 0; c < channels; c++) {
              const x = ((n * height + iy) * width + ix) * channels + c;
              const w = ((ky * shape.taps + kx) * channels + c) * outputs;
              const y = ((n * outHeight + oy) * outWidth + ox) * outputs;
              for (let o = 0; o < outputs; o++) visit(x, w + o, y + o);
            }
          }
        }
      }
    }
  }
}

/** CPU twin of `ops/convolution/convolution.wgsl`, in f64: x [N, H, W, C], w [k, k, C, O], bias [O]. */
export function convolution(
  x: Float64Array,
  w: Float64Array,
  bias: Float64Array | undefined,
  shape: ConvolutionShape,
): Float64Array {
  const y = new Float64Array(convolutionOutput(shape).reduce((a, b) => a * b, 1));
  if (bias) y.forEach((_, i) => y[i] = bias[i % shape.outputs]!);
  eachProduct(shape, (i, j, k) => y[k]! += x[i]! * w[j]!);
  return y;
}

/** Its gradients, given that of the output. */
export function convolutionGradients(
  x: Float64Array,
  w: Float64Array,
  gradient: Float64Array,
  shape: ConvolutionShape,
): { x: Float64Array; w: Float64Array; bias: Float64Array } {
  const dx = new Float64Array(x.length),
    dw = new Float64Array(w.length),
    bias = new Float64Array(shape.outputs);
  eachProduct(shape, (i, j, k) => {
    dx[i]! += w[j]! * gradient[k]!;
    dw[j]! += x[i]! * gradient[k]!;
  });
  gradient.forEach((value, k) => bias[k % shape.outputs]! += value);
  return { x: dx, w: dw, bias };
}
