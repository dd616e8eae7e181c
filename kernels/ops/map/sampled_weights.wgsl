// Weights of pixels: a power of their confidence, and 0 where their class's draw leaves them out.
//
//   confidence  f32[images · pixels]
//   labels      u32[images · pixels]    only where SAMPLED, as the next two
//   rates       f32[classes]            share of a class's pixels that are kept, in [0, 1]
//   draws       f32[classes · pixels]   uniform in [0, 1)
//   weights     f32[images · pixels]    confidence ^ power; where SAMPLED 0 unless draw > 1 − rate
//
// Uniforms:
//   total    pixels of all images
//   stride   invocations along x
//   pixels   of an image
//   classes  a label that is none has the weight 0
//   power    not below 0
//
// Twin: kernels/reference/map/sampled_weights.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.total) { return; }
  let confidence = load_confidence(i);
  // The square is exact to the last bit, which no driver owes of a power.
  var weight = select(pow(confidence, extents.power), confidence * confidence, extents.power == 2.0);
#if SAMPLED
  let label = load_labels(i);
  var kept = false;
  if (label < extents.classes) {
    kept = load_draws(label * extents.pixels + i % extents.pixels) > 1.0 - load_rates(label);
  }
  weight = select(0.0, weight, kept);
#end
  set_weights(i, weight);
}
