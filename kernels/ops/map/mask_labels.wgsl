// Labels, and another one where a pixel is crop padding: 255, which every loss ignores, or a class.
//
//   labels    u32[4·count]
//   validity  u32[4·count]   0 where a pixel is padding; f32 where WEIGHED
//   masked    u32[4·count]
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x
//   other   label of padding
//
// Twin: kernels/reference/map/mask_labels.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
#if WEIGHED
  set_masked(i, select(load_labels(i), vec4u(extents.other), load_validity(i) == vec4f(0)));
#else
  set_masked(i, select(load_labels(i), vec4u(extents.other), load_validity(i) == vec4u(0)));
#end
}
