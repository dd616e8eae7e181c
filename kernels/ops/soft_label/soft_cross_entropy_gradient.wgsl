// The gradient of soft_cross_entropy.wgsl by the logits: factor · scale · weight · (softmax(logits) − target).
//
//   logits   f32[pixels, 4·VECTORS]   channels from CLASSES on are padding
//   targets  f32[pixels, 4·VECTORS]   sum to 1; padding is 0
//   weights  f32[pixels]
//   scale    f32[4]                   [0]: 1 / the pixels counted, or 0
//   slopes   f32[pixels, 4·VECTORS]   padding is 0
//
// Uniforms:
//   stride  invocations along x
//   factor  of the loss
//
// Twin: kernels/reference/soft_label/soft_cross_entropy.ts

const LOWEST = -3.0e38;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let last = vec4u(${4 * VECTORS - 4}, ${4 * VECTORS - 3}, ${4 * VECTORS - 2}, ${4 * VECTORS - 1}) < vec4u(${CLASSES});
  let first = pixel * ${VECTORS}u;
  #unroll K VECTORS
  var logits${K} = load_logits(first + ${K}u);
  #end
  logits${VECTORS - 1} = select(vec4f(LOWEST), logits${VECTORS - 1}, last);
  var peaks = logits0;
  #unroll K VECTORS
  peaks = max(peaks, logits${K});
  #end
  let peak = max(max(peaks.x, peaks.y), max(peaks.z, peaks.w));
  var powers = vec4f();
  #unroll K VECTORS
  powers += exp(logits${K} - peak);
  #end
  let total = dot(powers, vec4f(1));
  let factor = extents.factor * load_scale(0) * load_weights(pixel);
  #unroll K VECTORS
  set_slopes(first + ${K}u, factor * (exp(logits${K} - peak) / total - load_targets(first + ${K}u)));
  #end
}
