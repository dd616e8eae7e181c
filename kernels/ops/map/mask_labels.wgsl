// Labels, and 255 (ignored by every loss) where a pixel is crop padding.
//
//   labels    u32[4·count]
//   validity  u32[4·count]   0 where a pixel is padding
//   masked    u32[4·count]
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x
//
// Twin: kernels/reference/map/mask_labels.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  set_masked(i, select(load_labels(i), vec4u(255), load_validity(i) == vec4u(0)));
}
