// The entropy of each pixel's softmax.
//
//   logits   f32[batch, in_height, in_width, 4·VECTORS]   see upsampled_logits.wgsl
//   entropy  f32[batch, height, width]                    −Σ p · ln p
//
// Uniforms:
//   scale  of the logits
//
// With z the distances from the largest logit, p = e^z / Σ e^z: the entropy is ln Σ e^z − Σ z · e^z / Σ e^z, of which neither
// part is below 0, so that nothing cancels.
//
// Twin: kernels/reference/label/entropy.ts

#include upsampled_logits.wgsl
#include every_pixel.wgsl

// e^z is 0 long before; without it padding were −∞ · 0.
const FARTHEST = -200.0;

fn visit(walk: Walk, row: u32, pixel: Pixel) {
  let peak = largest(pixel);
  var totals = vec4f();
  var products = vec4f();
  #unroll K VECTORS
  let z${K} = max(extents.scale * (pixel[${K}] - peak), vec4f(FARTHEST));
  let power${K} = exp(z${K});
  totals += power${K};
  products += z${K} * power${K};
  #end
  let total = dot(totals, vec4f(1));
  set_entropy(pixel_at(walk, row), log(total) - dot(products, vec4f(1)) / total);
}
