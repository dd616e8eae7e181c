// Cross-entropy of each pixel's softmax, summed over segments of columns, and its gradient by the logits but for a factor
// that is known only when all is summed.
//
//   logits    f32[batch, in_height, in_width, 4·VECTORS]   see upsampled_logits.wgsl
//   labels    u32[batch, height, width]                    `ignore`, and whatever is no class, takes no part
//   weights   f32[batch, height, width]                    only where WEIGHTED
//   partials  vec4f[count]                                 Σ w·CE, Σ w, count of pixels that take part, 0; where WEIGH_ALL the
//                                                          last two are of all pixels
//   slopes    f32[batch, segments, span + 1, width, 4·VECTORS]   only where GRADIENT: Σ share · w · (softmax − onehot)
//                                                          over a segment's pixels, for each stored row beside it
//
// Where not UPSAMPLED the slopes are of the pixels themselves, f32[batch, height, width, 4·VECTORS].
//
// Twin: kernels/reference/loss/softmax_cross_entropy.ts

#include upsampled_logits.wgsl
#include walked_loss.wgsl

fn pixel_loss(at: u32, pixel: Pixel, loss: ptr<function, PixelLoss>) -> bool {
  let label = load_labels(at);
  #if WEIGH_ALL
  if (label == extents.ignore || label >= ${CLASSES}u) {
    // What the pixel before has left is still there, with naga.
    (*loss).term = 0.0;
    (*loss).factor = 0.0;
    (*loss).weight = load_weights(at);
    return true;
  }
  #else
  if (label == extents.ignore || label >= ${CLASSES}u) { return false; }
  #end
  let peak = largest(pixel);
  var powers: Pixel;
  var own = 0.0;
  var totals = vec4f();
  #unroll K VECTORS
  let onehot${K} = vec4u(${4 * K}, ${4 * K + 1}, ${4 * K + 2}, ${4 * K + 3}) == vec4u(label);
  own += dot(select(vec4f(), pixel[${K}], onehot${K}), vec4f(1));
  powers[${K}] = exp(pixel[${K}] - peak);
  totals += powers[${K}];
  #end
  let total = dot(totals, vec4f(1));
  #if WEIGHTED
  let weight = load_weights(at);
  #else
  let weight = 1.0;
  #end
  // Not log Σ exp − own: where logits are large, that difference of two large numbers has few digits left.
  (*loss).term = weight * (log(total) + (peak - own));
  (*loss).weight = weight;
  #if GRADIENT
  (*loss).factor = 1.0;
  let scale = weight / total;
  #unroll K VECTORS
  (*loss).slope[${K}] = scale * powers[${K}] - select(vec4f(), vec4f(weight), onehot${K});
  #end
  #end
  return true;
}
