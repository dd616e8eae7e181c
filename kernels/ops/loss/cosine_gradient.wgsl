// Gradient of the summed cosines by the first feature map, and by the second where BOTH: factor · ∂cos.
//
//   a, b          f32[pixels, 4·vectors]
//   coefficients  vec4f[pixels]            1 / (|a||b|), cos / |a|², cos / |b|², 0
//   gradient_a    f32[pixels, 4·vectors]   factor · (b / (|a||b|) − a · cos / |a|²)
//   gradient_b    f32[pixels, 4·vectors]   factor · (a / (|a||b|) − b · cos / |b|²), only where BOTH
//
// Where SWAPPED, `a` is the map whose squared norm is the third coefficient's.
//
// Uniforms:
//   vectors  vec4s a pixel
//   stride   invocations along x
//
// Twin: kernels/reference/loss/cosine_discrepancy.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  let pixel = i / 4;
  if (pixel >= extents.pixels) { return; }
  var slopes = extents.factor * load_coefficients(pixel);
#if SWAPPED
  slopes = slopes.xzyw;
#end
  let first = pixel * extents.vectors;
  for (var k = i % 4; k < extents.vectors; k += 4) {
    let x = load_a(first + k);
    let y = load_b(first + k);
    set_gradient_a(first + k, slopes.x * y - slopes.y * x);
#if BOTH
    set_gradient_b(first + k, slopes.x * x - slopes.z * y);
#end
  }
}
