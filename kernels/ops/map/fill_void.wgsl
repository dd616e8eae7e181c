// Labels, and a class where a pixel of the image has none.
//
//   labels    u32[4·count]   255: none
//   validity  u32[4·count]   0 where a pixel is padding, which keeps its 255
//   filled    u32[4·count]
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x
//   value   the class
//
// Twin: kernels/reference/map/fill_void.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let labels = load_labels(i);
  let missing = (labels == vec4u(255)) & (load_validity(i) != vec4u(0));
  set_filled(i, select(labels, vec4u(extents.value), missing));
}
