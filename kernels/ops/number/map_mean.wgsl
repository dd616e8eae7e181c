// The mean of a map, or of those of its elements that a mask lets pass, added in a fixed order.
//
//   values  f32[count], in whole vec4s
//   mask    u32[count], in whole vec4s   only where MASKED: an element of 0 takes no part
//   mean    f32[4]                       the mean in [0], 0 over nothing; else 0
//
// One workgroup: a sum of zeros and ones, as of a mask, is exact up to 2²⁴.
//
// Twin: kernels/reference/number/map_mean.ts

var<workgroup> sums: array<f32, 256>;
#if MASKED
var<workgroup> counts: array<u32, 256>;
#end

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
#if MASKED
  var counted = 0u;
#end
  for (var i = lane; 4 * i < extents.count; i += 256) {
#if MASKED
    let own = (vec4u(4 * i) + vec4u(0, 1, 2, 3) < vec4u(extents.count)) & (load_mask(i) != vec4u(0));
    counted += dot(select(vec4u(0), vec4u(1), own), vec4u(1));
#else
    let own = vec4u(4 * i) + vec4u(0, 1, 2, 3) < vec4u(extents.count);
#end
    sum += dot(select(vec4f(), load_values(i), own), vec4f(1));
  }
  sums[lane] = sum;
#if MASKED
  counts[lane] = counted;
#end
  workgroupBarrier();
  if (lane > 0) { return; }
  for (var i = 1u; i < 256; i++) { sum += sums[i]; }
#if MASKED
  for (var i = 1u; i < 256; i++) { counted += counts[i]; }
  set_mean(0, vec4f(sum / f32(max(counted, 1u)), 0, 0, 0));
#else
  set_mean(0, vec4f(sum / f32(extents.count), 0, 0, 0));
#end
}
