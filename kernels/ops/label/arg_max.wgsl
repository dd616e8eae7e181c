// The class of each pixel's largest logit, and how sure that is.
//
//   logits      f32[batch, in_height, in_width, 4·VECTORS]   see upsampled_logits.wgsl
//   labels      u32[batch, height, width]                    the first class with the largest logit
//   confidence  f32[batch, height, width]                    that logit, or its softmax probability where PROBABILITY
//
// Uniforms:
//   scale  of the logits
//
// Twin: kernels/reference/label/arg_max.ts

#include upsampled_logits.wgsl
#include every_pixel.wgsl

fn visit(walk: Walk, row: u32, pixel: Pixel) {
  let peak = largest(pixel);
  var label = 0u;
  #unroll J VECTORS
  #unroll C 4
  label = select(label, ${4 * (VECTORS - 1 - J) + 3 - C}u, pixel[${VECTORS - 1 - J}][${3 - C}] == peak);
  #end
  #end
  let at = pixel_at(walk, row);
  set_labels(at, label);
  #if PROBABILITY
  var totals = vec4f();
  #unroll K VECTORS
  totals += exp(extents.scale * (pixel[${K}] - peak));
  #end
  set_confidence(at, 1 / dot(totals, vec4f(1)));
  #else
  set_confidence(at, extents.scale * peak);
  #end
}
