// Batch norm, training, second pass: adds the chunks in order; mean and variance of each pass, and the running ones.
//
//   pivots            f32[passes, …, lanes·4]           the first of a pass is its pivot: x, or statistics of groups of pixels
//   partials          f32[passes, chunks, 2, lanes·4]   sum of x − pivot, sum of (x − pivot)²
//   mean, variance    f32[passes, lanes·4]              the variance divides by the number of pixels
//   running_…         f32[lanes·4]                      (1 − momentum)·running + momentum·pass, for each pass in order, with
//                                                       the unbiased variance
//   after_…           f32[passes, lanes·4]              the running ones as each pass left them
//
// Twin: kernels/reference/batch_norm.ts

struct Extents {
  lanes: u32,
  chunks: u32, // of a pass
  passes: u32,
  stride: u32, // vec4s of a pass in pivots
  pixels: f32, // of a pass
  momentum: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> pivots: array<vec4f>;
@group(0) @binding(2) var<storage, read> partials: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> mean: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> variance: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> running_mean: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> running_variance: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> after_mean: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> after_variance: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = id.x;
  let lanes = extents.lanes;
  if (lane >= lanes) { return; }
  let keep = 1.0 - extents.momentum;
  var running_center = running_mean[lane];
  var running_spread = running_variance[lane];
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
        part_sum += partials[at];
        part_squares += partials[at + lanes];
        at += 2u * lanes;
      }
      let side = start / 16u % 4u;
      sum[side] += part_sum;
      squares[side] += part_squares;
    }
    let shift = ((sum[0] + sum[1]) + (sum[2] + sum[3])) / extents.pixels;
    let square = ((squares[0] + squares[1]) + (squares[2] + squares[3])) / extents.pixels;
    let center = pivots[of_pass * extents.stride + lane] + shift;
    let spread = max(square - shift * shift, vec4f());
    mean[of_pass * lanes + lane] = center;
    variance[of_pass * lanes + lane] = spread;
    let unbiased = spread * (extents.pixels / (extents.pixels - 1.0));
    running_center = keep * running_center + extents.momentum * center;
    running_spread = keep * running_spread + extents.momentum * unbiased;
    after_mean[of_pass * lanes + lane] = running_center;
    after_variance[of_pass * lanes + lane] = running_spread;
  }
  running_mean[lane] = running_center;
  running_variance[lane] = running_spread;
}
