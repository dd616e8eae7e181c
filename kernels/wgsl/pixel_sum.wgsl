// Scaled sum over chunks of each image's pixels, for each channel.
//
//   x     f32[batch, pixels, lanes·4]
//   sum   f32[batch, chunks, lanes·4]   scale · sum over the chunk's pixels, in order
//
// Twin: kernels/reference/global_average_pool.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  pixels: u32, // of an image
  chunk_pixels: u32,
  chunks: u32, // of an image
  count: u32, // vec4s of sum
  scale: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sum: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.count) { return; }
  let lanes = extents.lanes;
  let lane = id.x % lanes;
  let chunk = (id.x / lanes) % extents.chunks;
  let image = id.x / (lanes * extents.chunks);
  let first = chunk * extents.chunk_pixels;
  let pixels = min(extents.chunk_pixels, extents.pixels - first);

  var total = vec4f();
  var at = (image * extents.pixels + first) * lanes + lane;
  for (var n = pixels / 4u; n > 0u; n--) {
    total += (x[at] + x[at + lanes]) + (x[at + 2u * lanes] + x[at + 3u * lanes]);
    at += 4u * lanes;
  }
  for (var n = pixels % 4u; n > 0u; n--) {
    total += x[at];
    at += lanes;
  }
  sum[id.x] = extents.scale * total;
}
