// What a label that is none of a softmax's classes would cost, summed over segments of columns, and its gradient by the logits
// but for a factor that is the same for all.
//
//   logits    f32[batch, in_height, in_width, 4·VECTORS]   see upsampled_logits.wgsl
//   labels    u32[batch, height, width]                    `ignore`, and whatever is no class, takes no part
//   weights   f32[batch, height, width]
//   partials  vec4f[count]                                 Σ w·cost·(1 − softmax[label]), Σ w, count of pixels that take part, 0
//   slopes    f32[batch, segments, span + 1, width, 4·VECTORS]   only where GRADIENT: Σ share · w·cost·softmax[label] ·
//                                                          (softmax − onehot) over a segment's pixels, for each stored row
//                                                          beside it
//
// Where not UPSAMPLED the slopes are of the pixels themselves, f32[batch, height, width, 4·VECTORS].
//
// Twin: kernels/reference/loss/reverse_cross_entropy.ts

#include upsampled_logits.wgsl
#include walked_loss.wgsl

fn pixel_loss(at: u32, pixel: Pixel, loss: ptr<function, PixelLoss>) -> bool {
  let label = load_labels(at);
  if (label == extents.ignore || label >= ${CLASSES}u) { return false; }
  let peak = largest(pixel);
  var powers: Pixel;
  var own = 0.0;
  var others = vec4f(); // added by themselves: where the label is all but certain, 1 − softmax[label] would lose its digits
  #unroll K VECTORS
  let onehot${K} = vec4u(${4 * K}, ${4 * K + 1}, ${4 * K + 2}, ${4 * K + 3}) == vec4u(label);
  powers[${K}] = exp(pixel[${K}] - peak);
  own += dot(select(vec4f(), powers[${K}], onehot${K}), vec4f(1));
  others += select(powers[${K}], vec4f(), onehot${K});
  #end
  let wrong = dot(others, vec4f(1));
  let total = own + wrong;
  let weight = load_weights(at);
  (*loss).term = weight * extents.cost * (wrong / total);
  (*loss).weight = weight;
  #if GRADIENT
  (*loss).factor = weight * extents.cost * (own / total);
  #unroll K VECTORS
  (*loss).slope[${K}] = select(powers[${K}], vec4f(-wrong), onehot${K}) / total;
  #end
  #end
  return true;
}
