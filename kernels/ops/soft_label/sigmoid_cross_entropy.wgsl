// Sigmoid cross-entropy of scores with targets, summed over chunks of vec4s.
//
//   scores    f32[count, 4]
//   targets   f32[count, 4]
//   partials  vec4f[stride]   Σ terms, 0, 0, 0
//
// Uniforms:
//   count    vec4s
//   classes  channels that are no padding
//   stride   invocations
//
// A term is max(s, 0) − s · t + ln(1 + e^−|s|). Invocation i takes the vec4s i, i + stride, …
//
// Twin: kernels/reference/soft_label/sigmoid_cross_entropy.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  for (var i = id.x; i < extents.count; i += extents.stride) {
    let channel = vec4u(4u * (i % ${VECTORS}u)) + vec4u(0, 1, 2, 3);
    let score = load_scores(i);
    let terms = max(score, vec4f()) - score * load_targets(i) + log(vec4f(1) + exp(-abs(score)));
    sum += dot(select(vec4f(), terms, channel < vec4u(extents.classes)), vec4f(1));
  }
  set_partials(id.x, vec4f(sum, 0, 0, 0));
}
