import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { packedExtents } from "./packed_image.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./box_blur.wgsl" with { type: "text" };
import { SETTING_WORDS } from "./color_jitter.ts";

const kernel = defineKernel({
  name: "box_blur",
  source,
  uniforms: { width: "u32", height: "u32", rows: "u32" },
  reads: { image: "u32", settings: "vec4u" },
  writes: { blurred: "u32" },
});

/** Passes of the box along each axis. */
export const BLUR_PASSES = 3;
/** Widest box, in whole pixels to either side. */
export const MAX_BLUR_RADIUS = 64;

/** A box with fractional ends: how far it reaches, and its weights with 2²⁴ = 1. */
export interface ExtendedBox {
  /** Whole pixels to either side of the middle one. */
  readonly radius: number;
  /** Weight of each of them and of the middle one. */
  readonly weight: number;
  /** Weight of the one pixel more at either end. */
  readonly endWeight: number;
}

/** The box that, applied three times, is Pillow's Gaussian of standard deviation `sigma`: `BoxBlur.c`, in f32 as there. */
export function gaussianBox(sigma: number): ExtendedBox {
  const f = Math.fround;
  const variance = f(f(f(sigma) * f(sigma)) / 3);
  const length = f(Math.sqrt(12 * variance + 1));
  const whole = f(Math.floor((length - 1) / 2));
  const next = f(f(whole + 1) * f(whole + 1));
  const end = f(
    f(f(2 * whole + 1) * f(f(whole * f(whole + 1)) - f(3 * variance))) / f(6 * f(variance - next)),
  );
  const reach = f(whole + end);
  const radius = Math.trunc(reach);
  const weight = Math.trunc(f(2 ** 24 / f(f(reach * 2) + 1)));
  const endWeight = Math.trunc((2 ** 24 - (radius * 2 + 1) * weight) / 2);
  return { radius, weight, endWeight };
}

/**
 * Pillow's GaussianBlur, which is three extended box blurs along each axis: equal to Pillow to the last bit.
 *
 * @param image u32 map [N, H, W]: R | G << 8 | B << 16.
 * @param settings u32 map [1, N, 12]: flags; from word 8 on the box's whole radius (at most 64), the weight of a pixel and
 *   of a pixel at either end (2²⁴ = 1), 0.
 * @returns A map like `image`; samples without the flag are unchanged.
 * @throws {ShapeError} If the shapes do not suit.
 * @see Gwosdek et al., "Theoretical foundations of Gaussian convolution by extended box filtering", SSVM 2011.
 */
export function gaussianBlur(graph: Graph, image: Tensor, settings: Tensor): Tensor {
  const { batch, height, width } = packedExtents("blur", image);
  checkMap("blur", settings, "u32", [1, batch, SETTING_WORDS]);
  let current = image;
  for (let pass = 0; pass < 2 * BLUR_PASSES; pass++) {
    const rows = pass < BLUR_PASSES ? 0 : 1;
    const blurred = graph.tensor({
      label: `${image.label} blur ${pass + 1}`,
      shape: image.shape,
      dtype: "u32",
      layout: "map",
    });
    graph.launch({
      kernel,
      reads: [current, settings],
      writes: [blurred],
      uniforms: { width, height, rows },
      groups: [Math.ceil(width / WORKGROUP), height, batch],
      loops: MAX_BLUR_RADIUS,
    });
    current = blurred;
  }
  return current;
}
