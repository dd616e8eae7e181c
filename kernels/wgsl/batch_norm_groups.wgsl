// Batch norm, training, first pass where a convolution left statistics of what it wrote: adds up those of a chunk of groups.
//
//   statistics  f32[passes, groups, 2, lanes·4]   of a group of pixels: mean, sum of squared deviations from it
//   partials    f32[passes, chunks, 2, lanes·4]   sum of x − pivot, sum of (x − pivot)², as batch_norm_statistics.wgsl leaves them
//
// The pivot is the mean of the pass's first group.
//
// Twin: kernels/reference/batch_norm.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  pixels: u32, // of a pass
  group_pixels: u32, // the last group of a pass may have fewer
  groups: u32, // of a pass
  chunk_groups: u32,
  chunks: u32, // of a pass
  passes: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lanes = extents.lanes;
  let lane = id.x % lanes;
  let chunk = id.x / lanes; // of all passes
  if (chunk >= extents.passes * extents.chunks) { return; }
  let start = chunk / extents.chunks * extents.groups * 2u * lanes + lane;
  let first = chunk % extents.chunks * extents.chunk_groups; // within the pass
  let end = min(first + extents.chunk_groups, extents.groups);

  let pivot = statistics[start];
  var sum = vec4f();
  var squares = vec4f();
  for (var n = first; n < end; n++) {
    let count = f32(min(extents.group_pixels, extents.pixels - n * extents.group_pixels));
    let at = start + 2u * n * lanes;
    let d = statistics[at] - pivot;
    sum += count * d;
    squares += statistics[at + lanes] + count * (d * d);
  }
  partials[2u * chunk * lanes + lane] = sum;
  partials[(2u * chunk + 1u) * lanes + lane] = squares;
}
