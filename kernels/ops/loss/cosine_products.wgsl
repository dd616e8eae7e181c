// Dot product and squared norms of two feature maps' vectors, each vector in four interleaved parts.
//
//   a, b      f32[pixels, 4·vectors]
//   products  vec4f[pixels, 4]         Σ a·b, Σ a², Σ b², 0 over the vec4s k with k mod 4 = part
//
// Four invocations a pixel, so that neighbors touch neighboring addresses and small maps make work enough.
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
  let first = pixel * extents.vectors;
  var product = vec3f();
  for (var k = i % 4; k < extents.vectors; k += 4) {
    let x = load_a(first + k);
    let y = load_b(first + k);
    product += vec3f(dot(x, y), dot(x, x), dot(y, y));
  }
  set_products(i, vec4f(product, 0));
}
