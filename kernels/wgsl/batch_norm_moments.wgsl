// Batch norm, training, second pass: adds the chunks in order; mean and variance, and the running ones.
//
//   x                 f32[pixels, lanes·4]       its first pixel is the pivot
//   partials          f32[chunks, 2, lanes·4]    sum of x − pivot, sum of (x − pivot)²
//   mean, variance    f32[lanes·4]               of the batch; the variance divides by the number of pixels
//   running_…         f32[lanes·4]               (1 − momentum)·running + momentum·batch, unbiased variance
//
// Twin: kernels/reference/batch_norm.ts

struct Extents {
  lanes: u32,
  chunks: u32,
  pixels: f32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> partials: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> mean: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> variance: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> running_mean: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> running_variance: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = id.x;
  let lanes = extents.lanes;
  if (lane >= lanes) { return; }
  // Sums of sums: a plain running sum over hundreds of chunks would cost a digit that every other layer inherits.
  var sum = vec4f();
  var squares = vec4f();
  var at = lane;
  for (var start = 0u; start < extents.chunks; start += 16u) {
    var part_sum = vec4f();
    var part_squares = vec4f();
    let end = min(start + 16u, extents.chunks);
    for (var chunk = start; chunk < end; chunk++) {
      part_sum += partials[at];
      part_squares += partials[at + lanes];
      at += 2u * lanes;
    }
    sum += part_sum;
    squares += part_squares;
  }
  let shift = sum / extents.pixels;
  let batch_mean = x[lane] + shift;
  let batch_variance = max(squares / extents.pixels - shift * shift, vec4f());
  mean[lane] = batch_mean;
  variance[lane] = batch_variance;
  let unbiased = batch_variance * (extents.pixels / (extents.pixels - 1.0));
  running_mean[lane] = (1.0 - extents.momentum) * running_mean[lane] + extents.momentum * batch_mean;
  running_variance[lane] = (1.0 - extents.momentum) * running_variance[lane] + extents.momentum * unbiased;
}
