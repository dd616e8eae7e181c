// How far labels that a network has made are trusted: the label as far as the network is unsure, the network as far as it is sure.
//
//   confidence  f32[batch, pixels]   largest probability of each pixel
//   clean       u32[batch, pixels]   not 0 where people have labeled the image; the same at all pixels of one
//   trust       f32[batch, pixels]   of noisy images scale · w, where w is 1 above `sure`, else the confidence; of clean ones 0
//   distrust    f32[batch, pixels]   of noisy images scale · (1 − w), of clean ones 0
//
// scale is batch / noisy images, so that a mean over all pixels of the batch is one over those of noisy images. Where SHARED, w is
// the mean of the noisy images' at that place, added in their order.
//
// Uniforms:
//   pixels  of an image
//   stride  invocations along x
//
// Twin: kernels/reference/label/noise_weights.ts

fn trusted(confidence: f32) -> f32 {
  return select(confidence, 1.0, confidence > extents.sure);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.batch * extents.pixels) { return; }
  let place = i % extents.pixels;
  var noisy = 0.0;
  var sum = 0.0;
  for (var n = 0u; n < extents.batch; n++) {
    let at = n * extents.pixels + place;
    if (load_clean(at) == 0u) {
      noisy += 1.0;
      sum += trusted(load_confidence(at));
    }
  }
  var trust = 0.0;
  var distrust = 0.0;
  if (load_clean(i) == 0u) {
    #if SHARED
    let w = sum / noisy;
    #else
    let w = trusted(load_confidence(i));
    #end
    let scale = f32(extents.batch) / noisy;
    trust = scale * w;
    distrust = scale * (1.0 - w);
  }
  set_trust(i, trust);
  set_distrust(i, distrust);
}
