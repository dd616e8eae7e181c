/** The kernels of {@linkcode infoNce}. @module */
import { defineKernel } from "../../shader/kernel.ts";
import { featureIncludes } from "./member_means.ts";
import anchorsSource from "./info_nce_anchors.wgsl" with { type: "text" };
import drawSource from "./info_nce_draw.wgsl" with { type: "text" };
import gradientSource from "./info_nce_gradient.wgsl" with { type: "text" };
import othersSource from "./info_nce_others.wgsl" with { type: "text" };
import scatterSource from "./info_nce_scatter.wgsl" with { type: "text" };
import similaritiesSource from "./info_nce_similarities.wgsl" with { type: "text" };
import termsSource from "./info_nce_terms.wgsl" with { type: "text" };
import turnsSource from "./info_nce_turns.wgsl" with { type: "text" };

const includes = { "info_nce_others.wgsl": othersSource } as const;

export const turnsKernel = defineKernel({
  name: "info_nce_turns",
  source: turnsSource,
  uniforms: {},
  reads: { sure: "u32", anchors: "u32", cursors: "u32" },
  writes: { turns: "u32" },
});
export const drawKernel = defineKernel({
  name: "info_nce_draw",
  source: drawSource,
  uniforms: { classes: "u32", columns: "u32", anchors: "u32", negatives: "u32", stride: "u32" },
  reads: {
    turns: "u32",
    places: "u32",
    counts: "u32",
    cursors: "u32",
    anchor_draws: "f32",
    negative_draws: "f32",
  },
  writes: { drawn_anchors: "u32", drawn_negatives: "u32" },
});
export const anchorsKernel = defineKernel({
  name: "info_nce_anchors",
  source: anchorsSource,
  includes: featureIncludes,
  uniforms: { total: "u32", split: "u32", vectors: "u32", anchors: "u32", stride: "u32" },
  reads: { x: "vec4f", u: "vec4f", turns: "u32", drawn_anchors: "u32" },
  writes: { features: "vec4f" },
});
export const similaritiesKernel = defineKernel({
  name: "info_nce_similarities",
  source: similaritiesSource,
  includes,
  uniforms: { row: "u32", size: "u32", anchors: "u32", negatives: "u32", vectors: "u32", stride: "u32" },
  reads: { features: "vec4f", turns: "u32", means: "vec4f", drawn_negatives: "u32", queue: "vec4f" },
  writes: { similarities: "vec2f" },
});
export const termsKernel = defineKernel({
  name: "info_nce_terms",
  source: termsSource,
  uniforms: { anchors: "u32", negatives: "u32", vectors: "u32", sharpness: "f32" },
  reads: { features: "vec4f", turns: "u32", similarities: "vec2f" },
  writes: { slopes: "vec2f", partials: "vec4f" },
});
export const gradientKernel = defineKernel({
  name: "info_nce_gradient",
  source: gradientSource,
  includes,
  uniforms: {
    row: "u32",
    size: "u32",
    anchors: "u32",
    negatives: "u32",
    vectors: "u32",
    weight: "f32",
    stride: "u32",
  },
  reads: {
    features: "vec4f",
    turns: "u32",
    means: "vec4f",
    drawn_negatives: "u32",
    queue: "vec4f",
    slopes: "vec2f",
    scale: "f32",
  },
  writes: { gradients: "vec4f" },
});
export const scatterKernel = defineKernel({
  name: "info_nce_scatter",
  source: scatterSource,
  uniforms: { row: "u32", split: "u32", anchors: "u32", vectors: "u32", stride: "u32" },
  reads: { turns: "u32", drawn_anchors: "u32", gradients: "vec4f" },
  writes: { dx: "vec4f", du: "vec4f" },
});
