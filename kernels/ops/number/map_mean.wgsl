// The mean of a map, its elements added in a fixed order.
//
//   values  f32[count], in whole vec4s
//   mean    f32[4]       the mean in [0], else 0
//
// One workgroup: a sum of zeros and ones, as of a mask, is exact up to 2²⁴.
//
// Twin: kernels/reference/number/map_mean.ts

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; 4 * i < extents.count; i += 256) {
    let own = vec4u(4 * i) + vec4u(0, 1, 2, 3) < vec4u(extents.count);
    sum += dot(select(vec4f(), load_values(i), own), vec4f(1));
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane > 0) { return; }
  for (var i = 1u; i < 256; i++) { sum += sums[i]; }
  set_mean(0, vec4f(sum / f32(extents.count), 0, 0, 0));
}
