// Elementwise sum of two tensors of one layout, times a factor, padding included.
//
//   a, b  f32[count·4]
//   y     f32[count·4]   factor · (a + b)
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x
//
// Twin: kernels/reference/label/mean_scores.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  set_y(i, extents.factor * (load_a(i) + load_b(i)));
}
