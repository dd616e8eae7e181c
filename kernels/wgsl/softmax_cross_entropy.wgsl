// Cross-entropy of each pixel's softmax, summed over chunks of pixels.
//
//   logits    f32[pixels, 4·vectors]   channels from `classes` on are padding and take no part
//   labels    u32[pixels]              `ignore`, and whatever is no class, takes no part
//   weights   f32[pixels]              only where WEIGHTED
//   partials  vec4f[stride]            Σ w·CE, Σ w, count of pixels that take part, 0
//   norms     vec2f[pixels]            largest logit m and 1 / Σ exp(logit − m), for the gradient; unset where a pixel
//                                      takes no part
//
// Invocation i takes the pixels i, i + stride, i + 2·stride, …, so that the sums do not depend on the device. The peak
// subtracted from the logits is the running one: each logit is loaded once.
//
// Twin: kernels/reference/softmax_cross_entropy.ts

struct Extents {
  pixels: u32,
  vectors: u32, // vec4s a pixel
  classes: u32,
  ignore: u32,
  stride: u32, // invocations
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
#if WEIGHTED
@group(0) @binding(3) var<storage, read> weights: array<f32>;
#end
@group(0) @binding(${3 + WEIGHTED}) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(${4 + WEIGHTED}) var<storage, read_write> norms: array<vec2f>;

const LOWEST = -3.0e38;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var loss = 0.0;
  var weight_sum = 0.0;
  var count = 0u;
  for (var pixel = id.x; pixel < extents.pixels; pixel += extents.stride) {
    let label = labels[pixel];
    if (label == extents.ignore || label >= extents.classes) { continue; }
    var peak = LOWEST;
    var total = 0.0;
    var own = 0.0;
    var channel = vec4u(0, 1, 2, 3);
    let first = pixel * extents.vectors;
    for (var k = 0u; k < extents.vectors; k++) {
      let value = select(vec4f(LOWEST), logits[first + k], channel < vec4u(extents.classes));
      let higher = max(max(max(value.x, value.y), max(value.z, value.w)), peak);
      total = total * exp(peak - higher) + dot(exp(value - higher), vec4f(1));
      own += dot(select(vec4f(0), value, channel == vec4u(label)), vec4f(1));
      peak = higher;
      channel += vec4u(4);
    }
    norms[pixel] = vec2f(peak, 1 / total);
    // Not log Σ exp − own: where logits are large, that difference of two large numbers has few digits left.
    let term = log(total) + (peak - own);
#if WEIGHTED
    let weight = weights[pixel];
    loss += weight * term;
    weight_sum += weight;
#end
#if 1 - WEIGHTED
    loss += term;
    weight_sum += 1;
#end
    count++;
  }
  partials[id.x] = vec4f(loss, weight_sum, f32(count), 0);
}
