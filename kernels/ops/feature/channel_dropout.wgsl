// Channel dropout, and its gradient: whole channels of a sample are zeroed, the others scaled.
//
//   x          f32[batch, pixels, lanes·4]
//   counters   u32[4]                        seed, epoch, step, first sample
//   y          f32[batch, pixels, lanes·4]   scale · x, or 0
//
// A launch covers the images of one stream, from `first` on. Channel c of their n-th has draw c of the random stream (seed, stream, epoch, step,
// first sample + n) of kernels/random.ts: one block of Philox4x32-10 serves a vec4. Nothing is stored for the gradient, which draws
// the same numbers again.
//
// Uniforms:
//   lanes      vec4s of a pixel
//   image      vec4s of an image
//   first      image of the stream's first sample
//   step       vec4s from one pixel of an invocation to its next; a multiple of lanes
//   stream     FNV-1a of the stream's name
//   threshold  a channel is kept where the upper 24 bits of its draw reach this
//
// Twin: kernels/reference/feature/channel_dropout.ts

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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.step) { return; }
  let block = vec4u(id.x % extents.lanes, load_counters(1), load_counters(2), load_counters(3) + id.y);
  let draws = philox(block, vec2u(load_counters(0), extents.stream));
  let keep = (draws >> vec4u(8u)) >= vec4u(extents.threshold);
  let origin = (extents.first + id.y) * extents.image;
  #unroll P PIXELS
  let at${P} = id.x + ${P}u * extents.step;
  if (at${P} < extents.image) {
    // Chosen, not multiplied: a zeroed channel is 0 even where x is not finite.
    set_y(origin + at${P}, select(vec4f(), extents.scale * load_x(origin + at${P}), keep));
  }
  #end
}
