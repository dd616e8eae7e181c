// The values of halves, exactly; where ADDS, added to what is there.
//
//   halves  u32[2·count]   two in a word, the first in the low bits
//   values  u32[4·count]   the bits of f32s
//
// Uniforms:
//   count   vec4s of values
//   stride  invocations along x
//
// Twin: kernels/reference/update/halves.ts

// By integers: drivers may take a half below the normal ones for 0.
fn value_of(half: vec4u) -> vec4u {
  let sign = (half & vec4u(0x8000)) << vec4u(16);
  let exponent = (half >> vec4u(10)) & vec4u(31);
  let fraction = half & vec4u(0x3ff);
  let mantissa = select(fraction, fraction | vec4u(0x400), exponent > vec4u());
  // mantissa · 2^power; an integer below 2^24 is exact in f32, and its exponent is moved.
  let power = vec4i(max(exponent, vec4u(1))) - 25;
  let moved = bitcast<vec4i>(vec4f(mantissa)) + (power << vec4u(23));
  let finite = select(bitcast<vec4u>(moved), vec4u(), mantissa == vec4u());
  let special = vec4u(0x7f800000) | (fraction << vec4u(13));
  return sign | select(finite, special, exponent == vec4u(31));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let words = vec2u(load_halves(2 * i), load_halves(2 * i + 1));
  let value = value_of(vec4u(words.x & 0xffff, words.x >> 16, words.y & 0xffff, words.y >> 16));
#if ADDS
  set_values(i, bitcast<vec4u>(bitcast<vec4f>(load_values(i)) + bitcast<vec4f>(value)));
#else
  set_values(i, value);
#end
}
