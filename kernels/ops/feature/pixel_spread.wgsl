// One pixel's channels, scaled, to every pixel of its image.
//
//   x   f32[batch, 1, lanes·4]
//   y   f32[batch, pixels, lanes·4]   scale · x
//
// Uniforms:
//   lanes  vec4s of a pixel
//   image  vec4s of an image of y
//   step   vec4s from one pixel of an invocation to its next; a multiple of lanes
//
// Twin: kernels/reference/feature/global_average_pool.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.step) { return; }
  let value = extents.scale * load_x(id.y * extents.lanes + id.x % extents.lanes);
  let origin = id.y * extents.image;
  #unroll P PIXELS
  let at${P} = id.x + ${P}u * extents.step;
  if (at${P} < extents.image) { set_y(origin + at${P}, value); }
  #end
}
