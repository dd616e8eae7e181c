// What is said of an image, at each of its pixels.
//
//   table   u32[batch]
//   map     u32[batch, pixels]
//
// Uniforms:
//   count   batch · pixels
//   stride  invocations along x
//   pixels  of an image
//
// Twin: kernels/reference/map/spread_images.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  set_map(i, load_table(i / extents.pixels));
}
