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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.y * extents.stride + id.x;
  if (index >= walk_count()) { return; }
  let walk = walk_of(index);
  let to_column = extents.to_column + i32(walk.column);
  if (to_column < 0 || to_column >= i32(extents.to_width)) { return; }
  var upper: Pixel;
  var lower = stored_row(walk, walk.first);
  for (var interval = walk.first; interval < walk.end; interval++) {
    upper = lower;
    lower = stored_row(walk, interval + 1u);
    let end = first_row(interval + 1u);
    for (var row = first_row(interval); row < end; row++) {
      let to_row = extents.to_row + i32(row);
      if (to_row < 0 || to_row >= i32(extents.to_height)) { continue; }
      var pixel = between(upper, lower, lower_share(row, interval));
      let peak = largest(pixel);
      var sums = vec4f();
      #unroll K VECTORS
      pixel[${K}] = exp(extents.scale * (pixel[${K}] - peak));
      sums += pixel[${K}];
      #end
      let sum = dot(sums, vec4f(1));
      let to = ((walk.image * extents.to_height + u32(to_row)) * extents.to_width + u32(to_column)) * ${VECTORS}u;
      #unroll K VECTORS
      set_totals(to + ${K}u, load_totals(to + ${K}u) + pixel[${K}] / sum);
      #end
    }
  }
}
