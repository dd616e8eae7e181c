// A map at another size: output o of an axis takes input ⌊o · in / out⌋. One invocation an output pixel.
//
//   values   [batch, in_height, in_width]
//   resized  [batch, out_height, out_width]
//
// Twin: kernels/reference/view/nearest.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.out_width) { return; }
  let column = id.x * extents.in_width / extents.out_width;
  let row = id.y * extents.in_height / extents.out_height;
  let source = (id.z * extents.in_height + row) * extents.in_width + column;
  set_resized((id.z * extents.out_height + id.y) * extents.out_width + id.x, load_values(source));
}
