// Each channel of each sample by a factor of its own, and the gradient, which is the same map.
//
//   x        f32[batch, pixels, lanes·4]
//   factors  f32[batch, lanes·4]
//   y        f32[batch, pixels, lanes·4]
//
// Uniforms:
//   lanes  vec4s of a pixel
//   image  vec4s of an image
//   step   vec4s from one pixel of an invocation to its next; a multiple of lanes
//
// Twin: kernels/reference/feature/scale_channels.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.step) { return; }
  let factor = load_factors(id.y * extents.lanes + id.x % extents.lanes);
  let origin = id.y * extents.image;
  #unroll P PIXELS
  let at${P} = id.x + ${P}u * extents.step;
  if (at${P} < extents.image) {
    set_y(origin + at${P}, factor * load_x(origin + at${P}));
  }
  #end
}
