// Batch norm, training, where a batch lies in several parts: mean and variance of each pass from those of its parts, which are
// equally large, in their order; and the running ones.
//
//   means, variances  f32[parts, passes, lanes·4]   of each part by itself; the variance divides by the number of pixels
//   mean, variance    f32[passes, lanes·4]          of all: the variance is the mean of the parts' and that of their means
//   running_…         f32[lanes·4]                  (1 − momentum)·running + momentum·pass, for each pass in order, with the
//                                                   unbiased variance
//   after_…           f32[passes, lanes·4]          the running ones as each pass left them
//
// Uniforms:
//   pixels  of a pass, of all parts
//
// Twin: kernels/reference/norm/batch_norm.ts, on the whole batch

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = id.x;
  let lanes = extents.lanes;
  if (lane >= lanes) { return; }
  let part_lanes = extents.passes * lanes;
  let keep = 1.0 - extents.momentum;
  let parts = f32(extents.parts);
  var running_center = load_running_mean(lane);
  var running_spread = load_running_variance(lane);
  for (var of_pass = 0u; of_pass < extents.passes; of_pass++) {
    let own = of_pass * lanes + lane;
    // Of deviations from the first part's mean: the sum of the means themselves would cost a digit.
    let pivot = load_means(own);
    var shift = vec4f();
    for (var part = 0u; part < extents.parts; part++) {
      shift += load_means(part * part_lanes + own) - pivot;
    }
    let center = pivot + shift / parts;
    var sum = vec4f();
    for (var part = 0u; part < extents.parts; part++) {
      let d = load_means(part * part_lanes + own) - center;
      sum += load_variances(part * part_lanes + own) + d * d;
    }
    let spread = sum / parts;
    set_mean(own, center);
    set_variance(own, spread);
    let unbiased = spread * (extents.pixels / (extents.pixels - 1.0));
    running_center = keep * running_center + extents.momentum * center;
    running_spread = keep * running_spread + extents.momentum * unbiased;
    set_after_mean(own, running_center);
    set_after_variance(own, running_spread);
  }
  set_running_mean(lane, running_center);
  set_running_variance(lane, running_spread);
}
