import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { packedExtents } from "./packed_image.ts";
import { roundUp, type Tensor } from "../../tensor.ts";
import jitterSource from "./color_jitter.wgsl" with { type: "text" };
import meanSource from "./luma_mean.wgsl" with { type: "text" };

const lumaSums = defineKernel({
  name: "color_jitter_luma",
  file: "color_jitter.wgsl",
  source: jitterSource,
  uniforms: { pixels: "u32", chunks: "u32" },
  reads: { image: "u32", settings: "vec4u" },
  writes: { partials: "u32" },
});
const lumaMean = defineKernel({
  name: "luma_mean",
  source: meanSource,
  uniforms: { batch: "u32", chunks: "u32", pixels: "u32" },
  reads: { partials: "vec4u" },
  writes: { means: "u32" },
});
const colors = defineKernel({
  name: "color_jitter",
  source: jitterSource,
  uniforms: { pixels: "u32", chunks: "u32" },
  reads: { image: "u32", settings: "vec4u", means: "u32" },
  writes: { adjusted: "u32" },
});

/** Words of a sample in the table of photometric settings. */
export const SETTING_WORDS = 12;
/** Bits of the first word of a sample's settings: which changes it gets. */
export const JITTER = 1, GRAY = 2, BLUR = 4;

/** What is added to hue bytes, modulo 256, for a shift by so many turns. */
export function hueShift(hue: number): number {
  return Math.trunc(hue * 255) & 255;
}

/** Most pixels whose lumas, and twice their sum, a u32 can hold. */
const MOST_PIXELS = 2 ** 23;
const MOST_CHUNKS = 1024;

/**
 * Brightness, contrast, saturation and hue in each sample's order, then gray: torchvision's ColorJitter and
 * RandomGrayscale on Pillow images, rounded to u8 after each step, padding included.
 *
 * Equal to Pillow to the last bit for factors that are multiples of 2⁻¹⁴; within 1 of it for others.
 *
 * @param image u32 map [N, H, W]: R | G << 8 | B << 16.
 * @param settings u32 map [1, N, 12]: flags; order (4 bits a step: 0 brightness, 1 contrast, 2 saturation, 3 hue, each at
 *   most once; 15 nothing); the factors of brightness, contrast and saturation (f32 bits); hue's shift (0–255, modulo
 *   256); 2 zeros; 4 words of {@linkcode gaussianBlur}.
 * @returns A map like `image`.
 * @throws {ShapeError} If the shapes do not suit, or a sample has 2²³ pixels or more.
 */
export function colorJitter(graph: Graph, image: Tensor, settings: Tensor): Tensor {
  const { batch, height, width } = packedExtents("jitter the colors of", image);
  checkMap("jitter colors", settings, "u32", [1, batch, SETTING_WORDS]);
  const pixels = height * width;
  if (pixels >= MOST_PIXELS) {
    throw new ShapeError(
      `Cannot jitter the colors of ${image.label} [${image.shape}]: a sample may have at most ${
        MOST_PIXELS - 1
      } pixels`,
    );
  }
  const chunks = Math.min(MOST_CHUNKS, roundUp(Math.ceil(pixels / 16), 4));
  const map = (label: string, shape: readonly number[]) =>
    graph.tensor({ label: `${image.label} ${label}`, shape, dtype: "u32", layout: "map" });
  const partials = map("luma sums", [1, batch, chunks]);
  const means = map("luma means", [1, 1, batch]);
  const adjusted = map("jittered", image.shape);
  graph.launch({
    kernel: lumaSums,
    reads: [image, settings],
    writes: [partials],
    uniforms: { pixels, chunks },
    constants: { LUMA: 1 },
    groups: [Math.ceil(chunks / WORKGROUP), 1, batch],
    loops: 3 + 5 * Math.ceil(pixels / chunks),
  });
  graph.launch({
    kernel: lumaMean,
    reads: [partials],
    writes: [means],
    uniforms: { batch, chunks, pixels },
    groups: [Math.ceil(batch / WORKGROUP), 1, 1],
    loops: chunks / 4,
  });
  graph.launch({
    kernel: colors,
    reads: [image, settings, means],
    writes: [adjusted],
    uniforms: { pixels, chunks },
    constants: { LUMA: 0 },
    groups: [Math.ceil(pixels / WORKGROUP), 1, batch],
    loops: 4,
  });
  return adjusted;
}
