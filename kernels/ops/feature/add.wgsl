// Elementwise sum of two tensors of one layout, padding included.
//
//   a, b   f32[count·4]
//   sum    f32[count·4]   a + b
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x, as one axis of a dispatch is limited
//
// Twin: kernels/reference/feature/add.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  set_sum(i, load_a(i) + load_b(i));
}
