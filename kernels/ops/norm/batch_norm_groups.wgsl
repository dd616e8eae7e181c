// Batch norm, training, first pass where a convolution left statistics of what it wrote: adds up those of a chunk of groups.
//
//   statistics  f32[passes, groups, 2, lanes·4]   of a group of pixels: mean, sum of squared deviations from it
//   partials    f32[passes, chunks, 2, lanes·4]   sum of x − pivot, sum of (x − pivot)², as batch_norm_statistics.wgsl leaves them
//   pivots      f32[passes, lanes·4]
//
// The pivot is the mean of the pass's first group.
//
// Uniforms:
//   lanes         vec4s of a pixel
//   pixels        of a pass
//   group_pixels  the last group of a pass may have fewer
//   groups        of a pass
//   chunks        of a pass
//
// Twin: kernels/reference/norm/batch_norm.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lanes = extents.lanes;
  let lane = id.x % lanes;
  let chunk = id.x / lanes; // of all passes
  if (chunk >= extents.passes * extents.chunks) { return; }
  let start = chunk / extents.chunks * extents.groups * 2u * lanes + lane;
  let first = chunk % extents.chunks * extents.chunk_groups; // within the pass
  let end = min(first + extents.chunk_groups, extents.groups);

  let pivot = load_statistics(start);
  var sum = vec4f();
  var squares = vec4f();
  for (var n = first; n < end; n++) {
    let count = f32(min(extents.group_pixels, extents.pixels - n * extents.group_pixels));
    let at = start + 2u * n * lanes;
    let d = load_statistics(at) - pivot;
    sum += count * d;
    squares += load_statistics(at + lanes) + count * (d * d);
  }
  if (first == 0u) { set_pivots(chunk / extents.chunks * lanes + lane, pivot); }
  set_partials(2u * chunk * lanes + lane, sum);
  set_partials((2u * chunk + 1u) * lanes + lane, squares);
}
