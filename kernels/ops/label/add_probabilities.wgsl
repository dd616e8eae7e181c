// Adds a window's class probabilities, softmax(scale · logits), to those of an image that the window is part of; its pixels
// outside of the totals are left out.
//
//   logits  f32[batch, in_height, in_width, 4·VECTORS]     see upsampled_logits.wgsl
//   totals  f32[batch, to_height, to_width, 4·VECTORS]     added to; padding gets 0
//
// Uniforms:
//   to_row  where the window's first row lies in the totals
//
// Twin: kernels/reference/label/add_probabilities.ts

#include upsampled_logits.wgsl
#include every_pixel.wgsl

fn visit(walk: Walk, row: u32, pixel: Pixel) {
  let to_column = extents.to_column + i32(walk.column);
  let to_row = extents.to_row + i32(row);
  if (to_column < 0 || to_column >= i32(extents.to_width)) { return; }
  if (to_row < 0 || to_row >= i32(extents.to_height)) { return; }
  let peak = largest(pixel);
  var powers: Pixel;
  var sums = vec4f();
  #unroll K VECTORS
  powers[${K}] = exp(extents.scale * (pixel[${K}] - peak));
  sums += powers[${K}];
  #end
  let sum = dot(sums, vec4f(1));
  let to = ((walk.image * extents.to_height + u32(to_row)) * extents.to_width + u32(to_column)) * ${VECTORS}u;
  #unroll K VECTORS
  set_totals(to + ${K}u, load_totals(to + ${K}u) + powers[${K}] / sum);
  #end
}
