// Batch norm, training, first pass: sums over a chunk of pixels, for each channel.
//
//   x         f32[pixels, lanes·4]
//   partials  f32[chunks, 2, lanes·4]   sum of x − pivot, sum of (x − pivot)²
//
// The pivot is the channel's first value: the difference of two large sums would lose a small variance.
//
// Twin: kernels/reference/batch_norm.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  pixels: u32,
  chunk_pixels: u32,
  chunks: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lanes = extents.lanes;
  let lane = id.x % lanes;
  let chunk = id.x / lanes;
  if (chunk >= extents.chunks) { return; }
  let first = chunk * extents.chunk_pixels;
  let pixels = min(extents.chunk_pixels, extents.pixels - first);

  let pivot = x[lane];
  var sum = vec4f();
  var squares = vec4f();
  var at = first * lanes + lane;
  for (var n = pixels / 4u; n > 0u; n--) {
    #unroll P 4
    let d${P} = x[at + ${P}u * lanes] - pivot;
    #end
    sum += (d0 + d1) + (d2 + d3);
    squares += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3);
    at += 4u * lanes;
  }
  for (var n = pixels % 4u; n > 0u; n--) {
    let d = x[at] - pivot;
    sum += d;
    squares += d * d;
    at += lanes;
  }
  partials[2u * chunk * lanes + lane] = sum;
  partials[(2u * chunk + 1u) * lanes + lane] = squares;
}
