/** A trained network that labels pictures, wherever there is a device. @module */
import type { Device } from "../../../kernels/device.ts";
import { Graph } from "../../../kernels/graph.ts";
import { allocate, asUint32, readBack, upload } from "../../../kernels/memory.ts";
import { argMax } from "../../../kernels/ops/label/arg_max.ts";
import { compile, type Program } from "../../../kernels/program/program.ts";
import { padded, type Tensor } from "../../../kernels/tensor.ts";
import { allocateParameters } from "../../../models/parameters.ts";
import { parseSafetensors } from "../../../models/safetensors.ts";
import { hostTensor } from "../../../models/stored_tensor.ts";
import { logits } from "../../../stages/evaluation/inference_program.ts";
import { buildNetworks, type NetworkDescription } from "../../../stages/weights/network.ts";

/** A picture's pixels as a canvas gives them. */
export interface RgbaImage {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** height × width × 4, RGB and alpha, 0–255, row by row; alpha is not looked at. */
  readonly data: Uint8ClampedArray;
}

/** What the network says of a picture. */
export interface LabeledPicture {
  /** height × width, the class of each pixel. */
  readonly labels: Uint8Array;
  /** height × width, the probability of that class, [0, 1]. */
  readonly confidence: Float32Array;
  /** Class scores at the decoder's size, of several networks their mean: h × w × classes. */
  readonly logits: { readonly shape: readonly [number, number, number]; readonly values: Float32Array };
  /** Whether the kernels had to be made ready for this size. */
  readonly prepared: boolean;
}

/** A network on a device. */
export interface Labeler {
  readonly network: NetworkDescription;
  /**
   * Labels a picture whole; one at a time.
   * @throws {DeviceError} If the picture needs more than the device has, or it is lost.
   */
  label(image: RgbaImage): Promise<LabeledPicture>;
}

/** A picture of one size, captured. */
interface Captured {
  readonly key: string;
  readonly program: Program;
  readonly image: Tensor;
  /** Scores, labels and confidence. */
  readonly read: readonly Tensor[];
  free(): void;
}

/**
 * Opens the weights of one prediction.
 *
 * @param bytes A safetensors file whose metadata has its network.
 * @throws {WeightsError} If they are not those of the network.
 */
export function openLabeler(device: Device, bytes: Uint8Array<ArrayBuffer>): Labeler {
  const { metadata, tensors } = parseSafetensors(bytes);
  const network = JSON.parse(metadata["network"]!) as NetworkDescription;
  const networks = buildNetworks(network);
  const parameters = allocateParameters(device, networks.registry, { training: false });
  parameters.load(new Map([...tensors].map(([name, tensor]) => [name, hostTensor(tensor)])));
  const { headline, predictions, classes: { names } } = network;
  const classes = names.length, scale = 1 / predictions[headline]!.length;
  const bound = { networks, tensor: parameters.tensor, classes, predictions, headline };
  let last: Captured | undefined;

  const capture = (width: number, height: number): Captured => {
    const shape = [1, height, width];
    const input = allocate(device, "picture", [{ label: "picture", shape, dtype: "u32", layout: "map" }]);
    let program: Program | undefined;
    const free = () => {
      program?.free();
      input.free();
    };
    try {
      const graph = new Graph(device.facts.sharing), image = input.tensors[0]!;
      const scores = graph.keep(logits(graph, { network: bound }, image)[headline]!);
      const found = argMax(graph, scores, { confidence: "probability", scale, size: { width, height } });
      const wanted = [scores, graph.keep(found.labels), graph.keep(found.confidence)];
      const compiled = program = compile(device, graph);
      return {
        key: keyOf(width, height),
        program,
        image,
        read: wanted.map((tensor) => compiled.locate(tensor)),
        free,
      };
    } catch (error) {
      free();
      throw error;
    }
  };

  return {
    network,
    async label({ width, height, data }) {
      const prepared = last?.key !== keyOf(width, height);
      if (prepared) {
        last?.free();
        last = undefined;
        last = capture(width, height);
      }
      const { program, image, read } = last!, pixels = width * height;
      upload(device, image, words(data, pixels));
      program.run();
      const [scores, labels, confidence] = await readBack(device, read);
      const [, h, w] = read[0]!.shape as [number, number, number, number];
      return {
        labels: Uint8Array.from(asUint32(labels!).subarray(0, pixels)),
        confidence: confidence!.subarray(0, pixels),
        logits: { shape: [h, w, classes], values: unpadded(scores!, h * w, classes, scale) },
        prepared,
      };
    },
  };
}

const keyOf = (width: number, height: number) => `${width} × ${height}`;

/** One word a pixel: R | G << 8 | B << 16. */
function words(data: Uint8ClampedArray, pixels: number): Uint32Array<ArrayBuffer> {
  const packed = new Uint32Array(pixels);
  for (let i = 0; i < pixels; i++) {
    packed[i] = data[4 * i]! | (data[4 * i + 1]! << 8) | (data[4 * i + 2]! << 16);
  }
  return packed;
}

function unpadded(stored: Float32Array, pixels: number, classes: number, scale: number): Float32Array {
  const values = new Float32Array(pixels * classes), stride = padded(classes);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < classes; c++) values[i * classes + c] = stored[i * stride + c]! * scale;
  }
  return values;
}
