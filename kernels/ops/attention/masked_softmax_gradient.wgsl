// The gradient of masked_softmax.wgsl by its scores: w · (g − Σ w · g) of each row, and 0 where the row's position is not valid.
//
//   weights    f32[rows, count]   rows = images · count
//   gradients  f32[rows, count]   g, by the weights
//   validity   u32[rows]
//   slopes     f32[rows, count]
//
// Uniforms:
//   rows    positions of all images
//   count   positions of an image
//   stride  workgroups along x
//
// A workgroup a row; lanes add in their order.
//
// Twin: kernels/reference/attention/self_attention.ts

const LANES = 64u;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * extents.stride + group.x;
  if (row >= extents.rows) { return; }
  let first = row * extents.count;
  var sum = 0.0;
  for (var j = lane; j < extents.count; j += LANES) {
    sum += load_weights(first + j) * load_gradients(first + j);
  }
  sums[lane] = sum;
  workgroupBarrier();
  sum = 0.0;
  for (var i = 0u; i < LANES; i++) { sum += sums[i]; }
  let sees = load_validity(row) != 0u;
  for (var j = lane; j < extents.count; j += LANES) {
    let slope = load_weights(first + j) * (load_gradients(first + j) - sum);
    set_slopes(first + j, select(0.0, slope, sees));
  }
}
