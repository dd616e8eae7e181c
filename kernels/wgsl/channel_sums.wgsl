// Sums each channel over the pixels of a chunk; the chunks are added by sum_partials.wgsl.
//
//   values   f32[pixels, C]
//   result   f32[chunks, C]
//
// Twin: kernels/reference/convolution.ts (the gradient by the bias)

struct Extents {
  pixels: u32,
  channels: u32, // in vec4s
  pixels_per_chunk: u32,
  chunks: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> values: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let channel = id.x % extents.channels;
  let chunk = id.x / extents.channels;
  if (chunk >= extents.chunks) { return; }
  let end = min((chunk + 1u) * extents.pixels_per_chunk, extents.pixels);
  var sum = vec4f();
  for (var pixel = chunk * extents.pixels_per_chunk; pixel < end; pixel++) {
    sum += values[pixel * extents.channels + channel];
  }
  result[id.x] = sum;
}
