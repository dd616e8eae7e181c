// The softmax probability of each pixel's label.
//
//   logits         f32[batch, in_height, in_width, 4·VECTORS]   see upsampled_logits.wgsl
//   labels         u32[batch, height, width]
//   probabilities  f32[batch, height, width]                    2 where the label is `ignore` or no class
//
// Twin: kernels/reference/label/ohem.ts

#include upsampled_logits.wgsl
#include every_pixel.wgsl

const ONE = 0x3f800000u;
const INFINITY = 0x7f800000u;

fn visit(walk: Walk, row: u32, pixel: Pixel) {
  let at = pixel_at(walk, row);
  let label = load_labels(at);
  if (label == extents.ignore || label >= ${CLASSES}u) {
    set_probabilities(at, bitcast<u32>(2.0));
    return;
  }
  let peak = largest(pixel);
  var own = 0.0;
  var totals = vec4f();
  #unroll K VECTORS
  let onehot${K} = vec4u(${4 * K}, ${4 * K + 1}, ${4 * K + 2}, ${4 * K + 3}) == vec4u(label);
  own += dot(select(vec4f(), pixel[${K}], onehot${K}), vec4f(1));
  totals += exp(pixel[${K}] - peak);
  #end
  // Rounding must not lift it over 1; a NaN passes. By its bits: a driver may take NaN for what does not occur, and NVIDIA's
  // makes a minimum of a comparison and a choice, by which a NaN becomes 1.
  let bits = bitcast<u32>(exp(own - peak) / dot(totals, vec4f(1)));
  set_probabilities(at, select(bits, ONE, bits > ONE && bits <= INFINITY));
}
