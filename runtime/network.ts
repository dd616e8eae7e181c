/** Trained networks, opened to label pictures. @module */
import { readFileWhole } from "../pipeline/files/read_file.ts";
import { UserError } from "../pipeline/mod.ts";
import { decodingBudget, type Range } from "../stages/codecs/image.ts";
import { decodePicture } from "../stages/codecs/picture.ts";
import type { ClassList } from "../stages/datasets/classes.ts";
import { openInference } from "../stages/evaluation/inference.ts";
import type { PerPrediction } from "../stages/evaluation/predictions.ts";
import { ORIGINAL, type Protocol, protocolPlan } from "../stages/evaluation/protocols.ts";
import { openCheckpoint } from "../stages/weights/checkpoint.ts";
import { requirePermissions } from "./access.ts";
import { Gpu } from "./gpu/gpu.ts";

/** A picture in memory. */
export interface RgbImage {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** height × width × 3, RGB, 0–255, row by row. */
  readonly data: Uint8Array;
}

/** What a network says of a picture. */
export interface LabeledImage {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** height × width, the class of each pixel, an index of {@linkcode OpenNetwork.classes}; of the headline. */
  readonly labels: Uint8Array;
  /** height × width, the probability of that class, [0, 1]. */
  readonly confidence: Float32Array;
  /** The labels of each prediction of the method, by its name. */
  readonly predictions: PerPrediction<Uint8Array>;
}

/** A network on the GPU. `await using net = await openNetwork(…)` closes it by itself. */
export interface OpenNetwork extends AsyncDisposable {
  /** Names of the classes in the order of their indices, and their colors. */
  readonly classes: ClassList;
  /** The prediction that {@linkcode LabeledImage.labels} are of. */
  readonly headline: string;
  /**
   * Labels a picture; one after the other, however many are asked for at once.
   *
   * @param image Pixels, or the path of a picture's file.
   * @throws {UserError} If it has not as many bytes as its size says, or the file cannot be read as a picture, or has more than
   *   8 bits a sample where neither the network nor {@linkcode NetworkOptions.range} says what is black and white.
   */
  predict(image: RgbImage | string): Promise<LabeledImage>;
  /** Frees the GPU. */
  close(): Promise<void>;
}

/** How {@linkcode openNetwork} opens weights. */
export interface NetworkOptions {
  /** Of PyTorch's weights, which do not tell it: 8 or 16. Default: 8 for 19 classes, else 16. */
  readonly outputStride?: 8 | 16;
  /** How an image is seen, default whole; under a center crop, the pixels of the crop are labeled and no others. */
  readonly protocol?: Protocol;
  /**
   * Which values become 0 and 255, of pictures' files of more than 8 bits a sample; those that the network was trained on unless
   * told.
   */
  readonly range?: Range;
  /** Folder of the cache, where tilings are kept that `tune` has measured; without it none are looked for. */
  readonly cache?: string;
}

/**
 * Opens trained weights on the GPU.
 *
 * Needs --allow-read and --allow-env; with --allow-run the driver is set up as the commands have it, without it as it is.
 *
 * @param path A file that training wrote (`.safetensors`), or that PyTorch did (`.pth`).
 * @throws {UserError} If a permission is refused. {@linkcode WeightsError} if the file holds no networks that are known.
 *   {@linkcode DeviceError} if there is no adapter, with the line to type.
 * @example
 * ```ts
 * import { openNetwork } from "@crossview/crossview/library";
 *
 * await using net = await openNetwork("runs/few-labels/latest/weights/last.safetensors");
 * const { labels, width } = await net.predict("photograph.jpg");
 * console.log(net.classes.names[labels[10 * width + 20]!]);
 * ```
 */
export async function openNetwork(path: string, options: NetworkOptions = {}): Promise<OpenNetwork> {
  const { outputStride, cache, range, protocol = ORIGINAL } = options;
  await requirePermissions("open a network", ["read", "env"]);
  const checkpoint = openCheckpoint(path, { outputStride });
  const silent = { print() {}, note() {} };
  const gpu = new Gpu(silent, { mayInstall: false, cache });
  try {
    const { network, inference, free } = await openInference(await gpu.open(), checkpoint);
    let last: Promise<unknown> = Promise.resolve();
    const label = async (given: RgbImage | string): Promise<LabeledImage> => {
      const image = typeof given === "string"
        ? await readPicture(given, range ?? network.range)
        : checked(given);
      const { labels, confidence } = await inference.predict(image.data, image, protocol);
      const { width, height } = protocolPlan(protocol, image).scored;
      return { width, height, labels: labels[network.headline]!, confidence, predictions: labels };
    };
    const close = async () => {
      await last.catch(() => {});
      free();
      await gpu.close();
    };
    return {
      classes: network.classes,
      headline: network.headline,
      predict(image) {
        const next = last.then(() => label(image), () => label(image));
        last = next;
        return next;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await gpu.close();
    throw error;
  }
}

/**
 * Reads a picture as `predict` does: upright, and of more than 8 bits by the values that the network was trained on.
 *
 * @throws {UserError} If the file cannot be read, or is no picture, or nobody says which of its values are black and white.
 */
async function readPicture(path: string, range: Range | undefined): Promise<RgbImage> {
  const bytes = await readFileWhole(path, decodingBudget);
  const picture = await decodePicture(bytes, path, { orientation: "upright", range });
  if (picture.bits <= 8 || range !== undefined) return picture;
  throw new UserError(
    `Cannot label "${path}": it has ${picture.bits} bits a sample, and the network was trained on 8. Say which values are ` +
      "black and white: openNetwork(…, { range: [0, 65535] }).",
  );
}

function checked(image: RgbImage): RgbImage {
  const { width, height, data } = image;
  const isSide = (side: number) => Number.isInteger(side) && side > 0;
  if (isSide(width) && isSide(height) && data.length === width * height * 3) return image;
  throw new UserError(
    `Cannot label an image of ${width} × ${height} pixels with ${data.length} bytes: RGB has width · height · 3 bytes, ` +
      `here ${width * height * 3}`,
  );
}
