// Batch norm, training, second pass: adds the chunks in order; mean and variance of each pass, and the running ones.
//
//   pivots            f32[passes, lanes·4]
//   partials          f32[passes, chunks, 2, lanes·4]   sum of x − pivot, sum of (x − pivot)²
//   mean, variance    f32[passes, lanes·4]              the variance divides by the number of pixels
//   running_…         f32[lanes·4]                      (1 − momentum)·running + momentum·pass, for each pass in order, with
//                                                       the unbiased variance
//   after_…           f32[passes, lanes·4]              the running ones as each pass left them
//
// Uniforms:
//   chunks  of a pass
//   pixels  of a pass
//
// Twin: kernels/reference/norm/batch_norm.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = id.x;
  let lanes = extents.lanes;
  if (lane >= lanes) { return; }
  let keep = 1.0 - extents.momentum;
  var running_center = load_running_mean(lane);
  var running_spread = load_running_variance(lane);
  var at = lane;
  for (var of_pass = 0u; of_pass < extents.passes; of_pass++) {
    // Sums of sums, four side by side: a plain running sum over hundreds of chunks would cost a digit that every other layer
    // inherits.
    var sum = array<vec4f, 4>();
    var squares = array<vec4f, 4>();
    for (var start = 0u; start < extents.chunks; start += 16u) {
      var part_sum = vec4f();
      var part_squares = vec4f();
      let end = min(start + 16u, extents.chunks);
      for (var chunk = start; chunk < end; chunk++) {
        part_sum += load_partials(at);
        part_squares += load_partials(at + lanes);
        at += 2u * lanes;
      }
      let side = start / 16u % 4u;
      sum[side] += part_sum;
      squares[side] += part_squares;
    }
    let shift = ((sum[0] + sum[1]) + (sum[2] + sum[3])) / extents.pixels;
    let square = ((squares[0] + squares[1]) + (squares[2] + squares[3])) / extents.pixels;
    let center = load_pivots(of_pass * lanes + lane) + shift;
    let spread = max(square - shift * shift, vec4f());
    set_mean(of_pass * lanes + lane, center);
    set_variance(of_pass * lanes + lane, spread);
    let unbiased = spread * (extents.pixels / (extents.pixels - 1.0));
    running_center = keep * running_center + extents.momentum * center;
    running_spread = keep * running_spread + extents.momentum * unbiased;
    set_after_mean(of_pass * lanes + lane, running_center);
    set_after_variance(of_pass * lanes + lane, running_spread);
  }
  set_running_mean(lane, running_center);
  set_running_variance(lane, running_spread);
}
