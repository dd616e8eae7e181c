// The L2 norm of each sample, from its partial sums of squares, added in a fixed order. A workgroup a sample.
//
//   partials  f32[batch, chunks]
//   norms     f32[batch]
//
// Twin: kernels/reference/perturbation/step_along.ts

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < extents.chunks; i += 64) { sum += load_partials(group.x * extents.chunks + i); }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane > 0) { return; }
  for (var i = 1u; i < 64; i++) { sum += sums[i]; }
  set_norms(group.x, sqrt(sum));
}
