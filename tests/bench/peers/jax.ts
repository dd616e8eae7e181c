/** jax-js on WebGPU. Images are [N, C, H, W], weights [O, I, k, k]: the layouts of its convolution. */
import type { Works } from "../contest/contestant.ts";
import { serve } from "../contest/contestant.ts";
import {
  convolutionInputs,
  type ConvolutionWork,
  meanMagnitude,
  sideAfter,
  smallStepInputs,
  type SmallStepWork,
} from "../contest/works.ts";

// Not a literal: the project's own checks must not look for a package that only this folder's configuration names.
const specifier: string = "@jax-js/jax";
const { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy: np, tree, valueAndGrad, vjp } =
  await import(
    specifier
  );
await init("webgpu");
defaultDevice("webgpu");

type Value = ReturnType<typeof np.array>;

const array = (values: Float32Array, ...shape: number[]): Value => np.array(values).reshape(shape);
const fromChannelsLast = (values: Float32Array, batch: number, side: number): Value =>
  np.transpose(array(values, batch, side, side, values.length / (batch * side * side)), [0, 3, 1, 2]);
const convolve = (x: Value, weight: Value, stride = 1): Value => {
  const padding = (weight.shape[2] - 1) / 2;
  return lax.convGeneralDilated(x, weight, [stride, stride], [[padding, padding], [padding, padding]]);
};

/** Keeps the last results alive until the next are asked for, and waits for them. */
function repeated(step: () => Value[]) {
  return async (times: number) => {
    let results: Value[] = [];
    for (let i = 0; i < times; i++) {
      tree.dispose(results);
      results = step();
    }
    await blockUntilReady(results);
    tree.dispose(results);
  };
}

const works: Works = {
  async convolution(spec: ConvolutionWork) {
    const inputs = convolutionInputs(spec);
    const x = fromChannelsLast(inputs.x, spec.batch, spec.side);
    const gradient = fromChannelsLast(inputs.gradient, spec.batch, spec.side);
    const weight = array(inputs.weight, spec.channels, spec.channels, 3, 3);
    const all = jit((x: Value, weight: Value, gradient: Value) => {
      const [y, back] = vjp(convolve, [x, weight]);
      return [y, ...back(gradient)];
    });
    const step = () => all(x.ref, weight.ref, gradient.ref) as Value[];
    const check: number[] = [];
    for (const result of step()) check.push(meanMagnitude(await result.data()));
    return { check, run: repeated(step) };
  },

  async smallStep(spec: SmallStepWork) {
    const inputs = smallStepInputs(spec);
    const { layers, batch, rate, momentum } = spec;
    const classes = layers.at(-1)!.outputs, side = sideAfter(spec, layers.length), pixels = side * side;
    const images = fromChannelsLast(inputs.images, batch, spec.side);
    const hot = new Float32Array(batch * classes * pixels);
    inputs.labels.forEach((label, i) =>
      hot[(Math.floor(i / pixels) * classes + label) * pixels + i % pixels] = 1
    );
    const targets = array(hot, batch, classes, side, side);
    let parameters: Value = {
      weights: layers.map(({ inputs: i, outputs, taps }, at) =>
        array(inputs.weights[at]!, outputs, i, taps, taps)
      ),
      scales: layers.slice(0, -1).map(({ outputs }) => np.ones([outputs, 1, 1])),
      shifts: layers.slice(0, -1).map(({ outputs }) => np.zeros([outputs, 1, 1])),
    };
    let momenta: Value = tree.map((parameter: Value) => np.zeros(parameter.shape), tree.ref(parameters));
    const lossOf = ({ weights, scales, shifts }: Value, images: Value, targets: Value) => {
      let h = images;
      layers.slice(0, -1).forEach(({ stride }, i) => {
        h = convolve(h, weights[i], stride);
        const centered = h.sub(np.mean(h.ref, [0, 2, 3], { keepdims: true }));
        const variance = np.mean(np.square(centered.ref), [0, 2, 3], { keepdims: true });
        const normalized = centered.mul(np.reciprocal(np.sqrt(variance.add(1e-5))));
        h = nn.relu(normalized.mul(scales[i]).add(shifts[i]));
      });
      const logarithms = nn.logSoftmax(convolve(h, weights.at(-1)), 1);
      return np.sum(logarithms.mul(targets)).mul(-1 / inputs.labels.length);
    };
    const gradients = valueAndGrad(lossOf);
    const update = jit((parameters: Value, momenta: Value, images: Value, targets: Value) => {
      const [loss, found] = gradients(tree.ref(parameters), images, targets);
      const moved = tree.map((m: Value, g: Value) => m.mul(momentum).add(g), momenta, found);
      const next = tree.map((p: Value, m: Value) => p.sub(m.mul(rate)), parameters, tree.ref(moved));
      return [loss, next, moved];
    });
    const step = (): Value[] => {
      const [loss, next, moved] = update(parameters, momenta, images.ref, targets.ref);
      parameters = next;
      momenta = moved;
      return [loss];
    };
    const check: number[] = [];
    for (let i = 0; i < 3; i++) check.push(await step()[0].jsAsync());
    return { check, run: repeated(step) };
  },
};

const adapter = await navigator.gpu.requestAdapter();
await serve({ name: "jax-js 0.1.25", adapter: adapter?.info.description ?? "unknown adapter" }, works);
Deno.exit(0);
