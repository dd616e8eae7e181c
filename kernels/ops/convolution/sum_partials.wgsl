// Second pass of a split reduction: adds the parts in order.
//
//   partials   f32[splits, count·4]
//   result     f32[count·4]           Σ over splits (+ result where accumulate)
//
// Uniforms:
//   count   vec4s of one part
//   stride  invocations along x
//
// Twin: kernels/reference/convolution/sum_partials.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  var sum = load_partials(i);
  for (var split = 1u; split < extents.splits; split++) {
    sum += load_partials(split * extents.count + i);
  }
  if (extents.accumulate != 0u) { sum += load_result(i); }
  set_result(i, sum);
}
