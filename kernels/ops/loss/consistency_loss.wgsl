// How far a pixel's prediction is from a target, summed over segments of columns, and the gradient by the logits but for a
// factor that is the same for all.
//
//   logits    f32[batch, in_height, in_width, 4·VECTORS]   see upsampled_logits.wgsl
//   targets   f32[batch, height, width, 4·VECTORS]         logits of every pixel; channels from CLASSES on are padding
//   weights   f32[batch, height, width]                    only where WEIGHTED
//   partials  vec4f[count]                                 Σ w·distance, Σ w, count of pixels, 0
//   slopes    f32[batch, segments, span + 1, width, 4·VECTORS]   only where GRADIENT: Σ share · w · ∂distance/∂logits
//                                                          over a segment's pixels, for each stored row beside it
//
// Where not UPSAMPLED the slopes are of the pixels themselves, f32[batch, height, width, 4·VECTORS].
//
// With p and q the softmax of logits z and target t, one of these is 1:
//
//   PROBABILITIES  Σ (p − q)²
//   LOGITS         Σ (z − t)² / √CLASSES
//   SMOOTH         Σ h(z − t) / √CLASSES, h(d) = d² / 2 where |d| < 1, else |d| − 1/2
//   BINARY         −Σ q·log(p + ε) + (1 − q)·log(1 − p + ε)
//   DIVERGENCE     Σ q·(log q − log p)
//
// Twin: kernels/reference/loss/consistency_loss.ts

#include upsampled_logits.wgsl
#include walked_loss.wgsl

struct Softmax {
  p: Pixel,
  peak: f32,
  total: f32, // Σ exp(logits − peak)
}

/// The target's logits at a pixel; those of padding so low that they count for nothing.
fn target_at(at: u32) -> Pixel {
  var pixel: Pixel;
  #unroll K VECTORS
  pixel[${K}] = load_targets(at * ${VECTORS}u + ${K}u);
  #end
  let last = vec4u(${4 * VECTORS - 4}, ${4 * VECTORS - 3}, ${4 * VECTORS - 2}, ${4 * VECTORS - 1});
  pixel[${VECTORS - 1}] = select(vec4f(LOWEST), pixel[${VECTORS - 1}], last < vec4u(${CLASSES}));
  return pixel;
}

fn softmax(pixel: Pixel) -> Softmax {
  var result: Softmax;
  result.peak = largest(pixel);
  var totals = vec4f();
  #unroll K VECTORS
  result.p[${K}] = exp(pixel[${K}] - result.peak);
  totals += result.p[${K}];
  #end
  result.total = dot(totals, vec4f(1));
  #unroll K VECTORS
  result.p[${K}] = result.p[${K}] / result.total;
  #end
  return result;
}

const EPSILON = 1e-6;
const ROOT = sqrt(f32(${CLASSES}));

fn pixel_loss(at: u32, pixel: Pixel, loss: ptr<function, PixelLoss>) -> bool {
  let goal = target_at(at);
  var terms = vec4f();
  var slope: Pixel;
  #if LOGITS + SMOOTH
  #unroll K VECTORS
  let d${K} = pixel[${K}] - goal[${K}];
  #if LOGITS
  terms += d${K} * d${K} / ROOT;
  slope[${K}] = 2.0 * d${K} / ROOT;
  #end
  #if SMOOTH
  let size${K} = abs(d${K});
  terms += select(size${K} - 0.5, 0.5 * d${K} * d${K}, size${K} < vec4f(1)) / ROOT;
  slope[${K}] = clamp(d${K}, vec4f(-1), vec4f(1)) / ROOT;
  #end
  #end
  #end
  #if PROBABILITIES + BINARY + DIVERGENCE
  let own = softmax(pixel);
  let wanted = softmax(goal);
  #if DIVERGENCE
  let shift = (wanted.peak - own.peak) + log(wanted.total / own.total);
  #unroll K VECTORS
  terms += wanted.p[${K}] * ((goal[${K}] - pixel[${K}]) - shift);
  slope[${K}] = own.p[${K}] - wanted.p[${K}];
  #end
  #end
  #if PROBABILITIES + BINARY
  var slope_p: Pixel; // by the probabilities
  var inner = 0.0;
  #if BINARY
  // 1 − p of a class that has more than half is the sum of the others: the difference would lose its digits.
  var others = vec4f();
  #unroll K VECTORS
  others += select(own.p[${K}], vec4f(), own.p[${K}] > vec4f(0.5));
  #end
  let rest = vec4f(dot(others, vec4f(1)));
  #end
  #unroll K VECTORS
  let p${K} = own.p[${K}];
  let q${K} = wanted.p[${K}];
  #if PROBABILITIES
  terms += (p${K} - q${K}) * (p${K} - q${K});
  slope_p[${K}] = 2.0 * (p${K} - q${K});
  #end
  #if BINARY
  let real${K} = vec4u(${4 * K}, ${4 * K + 1}, ${4 * K + 2}, ${4 * K + 3}) < vec4u(${CLASSES});
  let not${K} = select(1.0 - p${K}, rest, p${K} > vec4f(0.5));
  terms -= select(vec4f(), q${K} * log(p${K} + EPSILON) + (1.0 - q${K}) * log(not${K} + EPSILON), real${K});
  slope_p[${K}] = (1.0 - q${K}) / (not${K} + EPSILON) - q${K} / (p${K} + EPSILON);
  #end
  inner += dot(p${K}, slope_p[${K}]);
  #end
  #unroll K VECTORS
  slope[${K}] = own.p[${K}] * (slope_p[${K}] - inner);
  #end
  #end
  #end
  #if WEIGHTED
  let weight = load_weights(at);
  #else
  let weight = 1.0;
  #end
  (*loss).term = weight * dot(terms, vec4f(1));
  (*loss).weight = weight;
  #if GRADIENT
  (*loss).factor = weight;
  (*loss).slope = slope;
  #end
  return true;
}
