// Each pixel's cosine, summed over chunks of pixels, and what its gradient needs.
//
//   products      vec4f[pixels, 4]   Σ a·b, Σ a², Σ b² of each part of the vectors
//   partials      vec4f[stride]      Σ cos, count of pixels, count of pixels, 0
//   coefficients  vec4f[pixels]      1 / (|a||b|), cos / |a|², cos / |b|², 0
//
// Norms are at least `epsilon`, and where one is, its derivative is 0. A zero vector has cosine and coefficients 0.
// Invocation i takes the pixels i, i + stride, i + 2·stride, …
//
// Uniforms:
//   stride  invocations
//
// Twin: kernels/reference/loss/cosine_discrepancy.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  var count = 0u;
  for (var pixel = id.x; pixel < extents.pixels; pixel += extents.stride) {
    let product = (load_products(4 * pixel) + load_products(4 * pixel + 1)) +
      (load_products(4 * pixel + 2) + load_products(4 * pixel + 3));
    let norms = sqrt(product.yz);
    let clamped = max(norms, vec2f(extents.epsilon));
    let inverse = 1 / (clamped.x * clamped.y);
    let cosine = product.x * inverse;
    let slopes = select(vec2f(0), cosine / product.yz, norms > vec2f(extents.epsilon));
    let zero = product.y == 0 || product.z == 0;
    set_coefficients(pixel, select(vec4f(inverse, slopes, 0), vec4f(0), zero));
    sum += select(cosine, 0.0, zero);
    count++;
  }
  set_partials(id.x, vec4f(sum, f32(count), f32(count), 0));
}
