// Packed u8 pixels to normalized ones, (x / 255 − mean) / std. One invocation a pixel.
//
//   image       u32[count]     R | G << 8 | B << 16
//   normalized  f32[count·4]   R, G, B, 0
//
// Twin: kernels/reference/normalize.ts

struct Extents {
  count: u32,
  stride: u32, // invocations along x, as one axis of a dispatch is limited
  mean0: f32,
  mean1: f32,
  mean2: f32,
  std0: f32,
  std1: f32,
  std2: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> image: array<u32>;
@group(0) @binding(2) var<storage, read_write> normalized: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let word = image[i];
  let color = vec3f(vec3u(word, word >> 8u, word >> 16u) & vec3u(255u));
  let mean = vec3f(extents.mean0, extents.mean1, extents.mean2);
  let deviation = vec3f(extents.std0, extents.std1, extents.std2);
  normalized[i] = vec4f((color / 255.0 - mean) / deviation, 0.0);
}
