// Cross-entropy of each pixel's softmax with a distribution, summed over chunks of pixels.
//
//   logits    f32[pixels, 4·VECTORS]   channels from CLASSES on are padding
//   targets   f32[pixels, 4·VECTORS]   sum to 1; padding is 0
//   weights   f32[pixels]
//   counts    u32[pixels]              0 where a pixel is not counted
//   partials  vec4f[stride]            Σ weight · −Σ target · ln softmax(logits), pixels counted, the same, 0
//
// Uniforms:
//   stride  invocations
//
// Invocation i takes the pixels i, i + stride, …
//
// Twin: kernels/reference/soft_label/soft_cross_entropy.ts

const LOWEST = -3.0e38;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  var counted = 0u;
  let last = vec4u(${4 * VECTORS - 4}, ${4 * VECTORS - 3}, ${4 * VECTORS - 2}, ${4 * VECTORS - 1}) < vec4u(${CLASSES});
  for (var pixel = id.x; pixel < extents.pixels; pixel += extents.stride) {
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
    var products = vec4f();
    #unroll K VECTORS
    powers += exp(logits${K} - peak);
    products += load_targets(first + ${K}u) * max(logits${K} - peak, vec4f(-1e30));
    #end
    let whole = log(dot(powers, vec4f(1)));
    sum += load_weights(pixel) * (whole - dot(products, vec4f(1)));
    counted += select(0u, 1u, load_counts(pixel) != 0u);
  }
  set_partials(id.x, vec4f(sum, f32(counted), f32(counted), 0));
}
