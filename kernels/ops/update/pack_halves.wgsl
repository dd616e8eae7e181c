// Values as halves: rounded to the nearest, ties to even.
//
//   values  u32[4·count]   the bits of f32s
//   halves  u32[2·count]   two in a word, the first in the low bits
//
// Uniforms:
//   count   vec4s of values
//   stride  invocations along x
//
// Twin: kernels/reference/update/halves.ts

// By integers: how pack2x16float() and f16() round is the driver's affair.
fn half(bits: vec4u) -> vec4u {
  let sign = (bits >> vec4u(16)) & vec4u(0x8000);
  let magnitude = bits & vec4u(0x7fffffff);
  // Of an f32 below its normal ones the leading bit is not there, which makes no difference: it is far below half of the least half.
  let mantissa = (magnitude & vec4u(0x7fffff)) | vec4u(0x800000);
  let exponent = vec4i(magnitude >> vec4u(23)) - 127;
  // Below 2^-14 halves are 2^-24 apart. More than 25 bits would drop nothing more.
  let dropped = vec4u(min(13 + max(-14 - exponent, vec4i()), vec4i(25)));
  let odd = (mantissa >> dropped) & vec4u(1);
  let rounded = (mantissa + (vec4u(1) << (dropped - 1)) - 1 + odd) >> dropped;
  // The mantissa of a normal half has its leading bit yet, which counts as 1 in the exponent; so does what is rounded up to it.
  // What is too large, too, and as far as infinity.
  let finite = min((vec4u(max(exponent + 14, vec4i())) << vec4u(10)) + rounded, vec4u(0x7c00));
  let special = select(vec4u(0x7c00), vec4u(0x7e00), magnitude > vec4u(0x7f800000));
  return sign | select(finite, special, magnitude >= vec4u(0x7f800000));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let halves = half(load_values(i));
  set_halves(2 * i, halves.x | (halves.y << 16));
  set_halves(2 * i + 1, halves.z | (halves.w << 16));
}
