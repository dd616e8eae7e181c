// Dot product and squared norms of two feature maps' vectors, each vector in four interleaved parts.
//
//   a, b      f32[pixels, 4·vectors]
//   products  vec4f[pixels, 4]         Σ a·b, Σ a², Σ b², 0 over the vec4s k with k mod 4 = part
//
// Four invocations a pixel, so that neighbors touch neighboring addresses and small maps make work enough.
//
// Twin: kernels/reference/cosine_discrepancy.ts

struct Extents {
  pixels: u32,
  vectors: u32, // vec4s a pixel
  stride: u32, // invocations along x
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> products: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  let pixel = i / 4;
  if (pixel >= extents.pixels) { return; }
  let first = pixel * extents.vectors;
  var product = vec3f();
  for (var k = i % 4; k < extents.vectors; k += 4) {
    let x = a[first + k];
    let y = b[first + k];
    product += vec3f(dot(x, y), dot(x, x), dot(y, y));
  }
  products[i] = vec4f(product, 0);
}
