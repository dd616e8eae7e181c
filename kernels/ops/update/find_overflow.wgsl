// Whether any of some gradients is NaN or infinite: what f16 makes of numbers that it cannot hold, wherever on the way back.
//
//   gradients  f32[4·count]
//   found      u32[stride]   not 0 where an invocation met one; earlier launches' finds are kept where `accumulate`
//
// Uniforms:
//   count   vec4s
//   stride  invocations
//
// Twin: kernels/reference/update/guard_update.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let exponent = vec4u(0x7f800000u);
  var bad = vec4<bool>();
  for (var i = id.x; i < extents.count; i += extents.stride) {
    // By its bits: a driver with fast mathematics may take x != x for false.
    bad = bad | ((bitcast<vec4u>(load_gradients(i)) & exponent) == exponent);
  }
  let before = select(0u, load_found(id.x), extents.accumulate != 0u);
  set_found(id.x, before | select(0u, 1u, any(bad)));
}
