// The mean of two predictions' softmaxes at one temperature, and what is learned of it.
//
//   a, b        f32[pixels, 4·VECTORS]   logits; channels from CLASSES on are padding
//   mean        f32                      only where CALIBRATED: [0], of a pixel's Σ a² + Σ b²
//   fused       f32[pixels, 4·VECTORS]   p = ½ softmax(r · a) + ½ softmax(r · b), r = 1 / √(mean / (2 · CLASSES) + 1e-8) or 1
//   targets     f32[pixels, 4·VECTORS]   p^exponent over its sum; where HARD, 1 for the largest, of equal ones the first, else 0
//   confidence  f32[pixels]              the largest of the targets; where HARD, of p
//
// Uniforms:
//   exponent  1 / temperature
//   stride    invocations along x
//
// Twin: kernels/reference/soft_label/calibrated_fusion.ts

const LOWEST = -3.0e38;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let first = pixel * ${VECTORS}u;
  let last = vec4u(${4 * VECTORS - 4}, ${4 * VECTORS - 3}, ${4 * VECTORS - 2}, ${4 * VECTORS - 1}) < vec4u(${CLASSES});
  var ratio = 1.0;
#if CALIBRATED
  ratio = 1.0 / sqrt(load_mean(0) / ${2 * CLASSES}.0 + 1e-8);
#end
  #unroll K VECTORS
  var a${K} = ratio * load_a(first + ${K}u);
  var b${K} = ratio * load_b(first + ${K}u);
  #end
  a${VECTORS - 1} = select(vec4f(LOWEST), a${VECTORS - 1}, last);
  b${VECTORS - 1} = select(vec4f(LOWEST), b${VECTORS - 1}, last);
  var peak_a = a0;
  var peak_b = b0;
  #unroll K VECTORS
  peak_a = max(peak_a, a${K});
  peak_b = max(peak_b, b${K});
  #end
  let highest_a = max(max(peak_a.x, peak_a.y), max(peak_a.z, peak_a.w));
  let highest_b = max(max(peak_b.x, peak_b.y), max(peak_b.z, peak_b.w));
  var sum_a = vec4f();
  var sum_b = vec4f();
  #unroll K VECTORS
  a${K} = exp(a${K} - highest_a);
  b${K} = exp(b${K} - highest_b);
  sum_a += a${K};
  sum_b += b${K};
  #end
  let total_a = dot(sum_a, vec4f(1));
  let total_b = dot(sum_b, vec4f(1));
  var largest = vec4f();
  #unroll K VECTORS
  let p${K} = 0.5 * (a${K} / total_a + b${K} / total_b);
  set_fused(first + ${K}u, p${K});
  largest = max(largest, p${K});
  #end
  let highest = max(max(largest.x, largest.y), max(largest.z, largest.w));
#if HARD
  var place = ${CLASSES}u;
  #unroll K VECTORS
  #unroll C 4
  place = min(place, select(${CLASSES}u, ${4 * K + C}u, p${K}[${C}] == highest));
  #end
  #end
  #unroll K VECTORS
  {
    let number = vec4u(${4 * K}, ${4 * K + 1}, ${4 * K + 2}, ${4 * K + 3});
    set_targets(first + ${K}u, select(vec4f(), vec4f(1), number == vec4u(place)));
  }
  #end
  set_confidence(pixel, highest);
#else
  // Over the largest first: no power is then of what is near 0 throughout.
  var powers = vec4f();
  #unroll K VECTORS
  let q${K} = select(vec4f(), pow(max(p${K} / highest, vec4f(1e-37)), vec4f(extents.exponent)), p${K} > vec4f());
  powers += q${K};
  #end
  let whole = dot(powers, vec4f(1));
  #unroll K VECTORS
  set_targets(first + ${K}u, q${K} / whole);
  #end
  set_confidence(pixel, 1.0 / whole);
#end
}
