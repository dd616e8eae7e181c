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

#include random.wgsl

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
