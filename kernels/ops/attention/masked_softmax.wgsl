// The softmax of each row of scores over the positions that are valid. The row of a position that is not valid has 1 / count
// everywhere.
//
//   scores    f32[rows, count]   rows = images · count
//   validity  u32[rows]          of each position
//   weights   f32[rows, count]
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
const LOWEST = -3.0e38;

var<workgroup> peaks: array<f32, 64>;
var<workgroup> totals: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * extents.stride + group.x;
  if (row >= extents.rows) { return; }
  let image = row / extents.count * extents.count;
  let first = row * extents.count;
  var peak = LOWEST;
  for (var j = lane; j < extents.count; j += LANES) {
    peak = max(peak, select(LOWEST, load_scores(first + j), load_validity(image + j) != 0u));
  }
  peaks[lane] = peak;
  workgroupBarrier();
  for (var i = 0u; i < LANES; i++) { peak = max(peak, peaks[i]); }
  var total = 0.0;
  for (var j = lane; j < extents.count; j += LANES) {
    total += select(0.0, exp(load_scores(first + j) - peak), load_validity(image + j) != 0u);
  }
  totals[lane] = total;
  workgroupBarrier();
  total = 0.0;
  for (var i = 0u; i < LANES; i++) { total += totals[i]; }
  let blind = load_validity(row) == 0u;
  for (var j = lane; j < extents.count; j += LANES) {
    let own = select(0.0, exp(load_scores(first + j) - peak) / total, load_validity(image + j) != 0u);
    set_weights(first + j, select(own, 1.0 / f32(extents.count), blind));
  }
}
