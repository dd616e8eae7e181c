// The gradient of sigmoid_cross_entropy.wgsl by the scores: factor · (1 / (1 + e^−s) − t).
//
//   scores   f32[count, 4]
//   targets  f32[count, 4]
//   slopes   f32[count, 4]   padding is 0
//
// Uniforms:
//   count    vec4s
//   classes  channels that are no padding
//   stride   invocations along x
//
// Twin: kernels/reference/soft_label/sigmoid_cross_entropy.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let channel = vec4u(4u * (i % ${VECTORS}u)) + vec4u(0, 1, 2, 3);
  let score = load_scores(i);
  // e of what is not above 0: it overflows for no score.
  let small = exp(-abs(score));
  let sigmoid = select(small, vec4f(1), score >= vec4f()) / (vec4f(1) + small);
  let slope = extents.factor * (sigmoid - load_targets(i));
  set_slopes(i, select(vec4f(), slope, channel < vec4u(extents.classes)));
}
