// A map of fewer pixels: of each the one that lies at floor(i · in / out) of the input.
//
//   map    u32[images, in_height, in_width]
//   fewer  u32[images, height, width]
//
// Uniforms:
//   count   pixels of the result, all images
//   stride  invocations along x
//
// Twin: kernels/reference/view/nearest.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.y * extents.stride + id.x;
  if (index >= extents.count) { return; }
  let x = index % extents.width;
  let row = index / extents.width;
  let y = row % extents.height;
  let image = row / extents.height;
  let origin = (image * extents.in_height + y * extents.in_height / extents.height) * extents.in_width +
    x * extents.in_width / extents.width;
  set_fewer(index, load_map(origin));
}
