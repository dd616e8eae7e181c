/** TensorFlow.js on WebGPU. Images are [N, H, W, C], weights [k, k, I, O]. */
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

// Not literals: the project's own checks must not look for packages that only this folder's configuration names.
const specifiers: readonly string[] = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu"];
const [tf] = await Promise.all(specifiers.map((specifier) => import(specifier)));
if (!await tf.setBackend("webgpu")) throw new Error("TensorFlow.js found no WebGPU");
await tf.ready();

type Value = ReturnType<typeof tf.tensor>;

const kernel = (values: Float32Array, outputs: number, inputs: number, taps: number): Value =>
  tf.tidy(() => tf.transpose(tf.tensor4d(values, [outputs, inputs, taps, taps]), [2, 3, 1, 0]));

/** Waits for all that was submitted, by reading one element. */
async function wait(of: Value): Promise<void> {
  const one = tf.tidy(() => tf.slice(tf.reshape(of, [-1]), [0], [1]));
  await one.data();
  one.dispose();
}

function repeated(step: () => Value[]) {
  return async (times: number) => {
    let results: Value[] = [];
    for (let i = 0; i < times; i++) {
      tf.dispose(results);
      results = step();
    }
    await wait(results.at(-1)!);
    tf.dispose(results);
  };
}

const works: Works = {
  async convolution(spec: ConvolutionWork) {
    const { batch, side, channels } = spec;
    const inputs = convolutionInputs(spec);
    const shape = [batch, side, side, channels];
    const x = tf.tensor4d(inputs.x, shape), gradient = tf.tensor4d(inputs.gradient, shape);
    const weight = kernel(inputs.weight, channels, channels, 3);
    const all = tf.valueAndGrads((x: Value, weight: Value) => tf.conv2d(x, weight, 1, 1));
    const step = (): Value[] => {
      const { value, grads } = all([x, weight], gradient);
      return [value, ...grads];
    };
    const results = step();
    const check: number[] = [];
    for (const result of results) check.push(meanMagnitude(await result.data()));
    tf.dispose(results);
    return { check, run: repeated(step) };
  },

  async smallStep(spec: SmallStepWork) {
    const inputs = smallStepInputs(spec);
    const { layers, batch, rate, momentum } = spec;
    const classes = layers.at(-1)!.outputs;
    const images = tf.tensor4d(inputs.images, [batch, spec.side, spec.side, 3]);
    const labels = tf.tensor1d(Int32Array.from(inputs.labels), "int32");
    const targets = tf.oneHot(labels, classes);
    const weights = layers.map(({ inputs: i, outputs, taps }, at) =>
      tf.variable(kernel(inputs.weights[at]!, outputs, i, taps))
    );
    const scales = layers.slice(0, -1).map(({ outputs }) => tf.variable(tf.ones([outputs])));
    const shifts = layers.slice(0, -1).map(({ outputs }) => tf.variable(tf.zeros([outputs])));
    const optimizer = tf.train.momentum(rate, momentum);
    const pixels = batch * sideAfter(spec, layers.length) ** 2;
    const lossOf = () => {
      let h = images;
      layers.slice(0, -1).forEach(({ stride }, i) => {
        h = tf.conv2d(h, weights[i], stride, 1);
        const { mean, variance } = tf.moments(h, [0, 1, 2]);
        h = tf.relu(tf.batchNorm(h, mean, variance, shifts[i], scales[i], 1e-5));
      });
      const logits = tf.reshape(tf.conv2d(h, weights.at(-1), 1, 0), [pixels, classes]);
      return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), targets), -1)));
    };
    const step = (): Value[] => [optimizer.minimize(lossOf, true)];
    const check: number[] = [];
    for (let i = 0; i < 3; i++) {
      const [loss] = step();
      check.push((await loss.data())[0]);
      loss.dispose();
    }
    return { check, run: repeated(step) };
  },
};

const adapter = await navigator.gpu.requestAdapter();
const facts = {
  name: `tfjs-webgpu ${tf.version_core}`,
  adapter: adapter?.info.description ?? "unknown adapter",
};
await serve(facts, works);
Deno.exit(0);
