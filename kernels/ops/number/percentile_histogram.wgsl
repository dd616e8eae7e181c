// Counts values by some of the bits that they sort by, for two order statistics at once.
//
//   values     f32[count]
//   mask       u32[count]      only where MASKED: what is 0 there is not counted
//   state      u32[8]          [0], [2]: the bits above, of each of the two
//   histogram  u32[2, 2048]    added to
//
// Numbers sort as their bits do once negative ones are turned over; what is no number comes last. Integer counts do not depend on
// an order.
//
// Uniforms:
//   stride  invocations along x
//   level   0: upper 11 bits, 1: middle 11, 2: lower 10
//
// Twin: kernels/reference/number/percentile.ts

const BINS = 2048u;

fn sortable(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  // Of either sign.
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
#if MASKED
  if (load_mask(i) == 0u) { return; }
#end
  let key = sortable(load_values(i));
  var above = 0u;
  var bin = key >> 21u;
  if (extents.level == 1u) {
    above = key >> 21u;
    bin = (key >> 10u) & 0x7ffu;
  }
  if (extents.level == 2u) {
    above = key >> 10u;
    bin = key & 0x3ffu;
  }
  let first = (extents.level == 0u) | (above == load_state(0));
  let second = (extents.level == 0u) | (above == load_state(2));
  if (first) { atomicAdd(&histogram[bin], 1u); }
  if (second) { atomicAdd(&histogram[BINS + bin], 1u); }
}
