// Weights of pixels: a power of their confidence, and 0 where their class's draw leaves them out.
//
//   labels      u32[images · pixels]
//   confidence  f32[images · pixels]
//   rates       f32[classes]            share of a class's pixels that are kept, in [0, 1]
//   draws       f32[classes · pixels]   uniform in [0, 1)
//   weights     f32[images · pixels]    confidence ^ power where draw > 1 − rate, else 0
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
  let label = load_labels(i);
  var weight = 0.0;
  if (label < extents.classes) {
    let kept = load_draws(label * extents.pixels + i % extents.pixels) > 1.0 - load_rates(label);
    let confidence = load_confidence(i);
    // The square is exact to the last bit, which no driver owes of a power.
    let power = select(pow(confidence, extents.power), confidence * confidence, extents.power == 2.0);
    weight = select(0.0, power, kept);
  }
  set_weights(i, weight);
}
