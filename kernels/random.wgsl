// Philox4x32-10, as kernels/random.ts draws: draw n of a stream is philox([n >> 2, epoch, step, sample], [seed, FNV-1a of the
// stream's name])[n & 3].

// Upper 32 bits of the 64-bit products.
fn multiply_high(a: vec2u, b: vec2u) -> vec2u {
  let a_low = a & vec2u(0xffffu);
  let a_high = a >> vec2u(16u);
  let b_low = b & vec2u(0xffffu);
  let b_high = b >> vec2u(16u);
  let middle = a_high * b_low + ((a_low * b_low) >> vec2u(16u));
  let other = a_low * b_high + (middle & vec2u(0xffffu));
  return a_high * b_high + (middle >> vec2u(16u)) + (other >> vec2u(16u));
}

fn philox(block: vec4u, first_key: vec2u) -> vec4u {
  let multipliers = vec2u(0xd2511f53u, 0xcd9e8d57u);
  var c = block;
  var key = first_key;
  #unroll ROUND 10
  {
    let high = multiply_high(c.xz, multipliers);
    let low = c.xz * multipliers;
    c = vec4u(high.y ^ c.y ^ key.x, low.y, high.x ^ c.w ^ key.y, low.x);
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  #end
  return c;
}
