// Gradient of the summed cosines by the first feature map, and by the second where BOTH: factor · ∂cos.
//
//   a, b          f32[pixels, 4·vectors]
//   coefficients  vec4f[pixels]            1 / (|a||b|), cos / |a|², cos / |b|², 0
//   gradient_a    f32[pixels, 4·vectors]   factor · (b / (|a||b|) − a · cos / |a|²)
//   gradient_b    f32[pixels, 4·vectors]   factor · (a / (|a||b|) − b · cos / |b|²), only where BOTH
//
// Where SWAPPED, `a` is the map whose squared norm is the third coefficient's.
//
// Twin: kernels/reference/cosine_discrepancy.ts

struct Extents {
  pixels: u32,
  vectors: u32, // vec4s a pixel
  stride: u32, // invocations along x
  factor: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> coefficients: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> gradient_a: array<vec4f>;
#if BOTH
@group(0) @binding(5) var<storage, read_write> gradient_b: array<vec4f>;
#end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  let pixel = i / 4;
  if (pixel >= extents.pixels) { return; }
  var slopes = extents.factor * coefficients[pixel];
#if SWAPPED
  slopes = slopes.xzyw;
#end
  let first = pixel * extents.vectors;
  for (var k = i % 4; k < extents.vectors; k += 4) {
    let x = a[first + k];
    let y = b[first + k];
    gradient_a[first + k] = slopes.x * y - slopes.y * x;
#if BOTH
    gradient_b[first + k] = slopes.x * x - slopes.z * y;
#end
  }
}
