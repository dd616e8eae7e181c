// Whether any of some gradients is NaN or infinite: what f16 makes of numbers that it cannot hold, wherever on the way back.
//
//   gradients  f32[4·count]
//   found      u32[stride]   not 0 where an invocation met one; earlier launches' finds are kept where `accumulate`
//
// Twin: kernels/reference/guard_update.ts

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> found: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let exponent = vec4u(0x7f800000u);
  var bad = vec4<bool>();
  for (var i = id.x; i < extents.count; i += extents.stride) {
    // By its bits: a driver with fast mathematics may take x != x for false.
    bad = bad | ((bitcast<vec4u>(gradients[i]) & exponent) == exponent);
  }
  let before = select(0u, found[id.x], extents.accumulate != 0u);
  found[id.x] = before | select(0u, 1u, any(bad));
}
