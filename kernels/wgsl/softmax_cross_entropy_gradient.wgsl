// Gradient of the cross-entropy by the logits: factor · w · (softmax − onehot) / denominator.
//
//   logits    f32[pixels, 4·vectors]
//   labels    u32[pixels]
//   norms     vec2f[pixels]            largest logit m and 1 / Σ exp(logit − m), from the forward pass
//   scale     f32[4]                   [0]: 1 / denominator, 0 where that is 0
//   weights   f32[pixels]              only where WEIGHTED
//   gradient  f32[pixels, 4·vectors]   0 in padding and where a pixel takes no part
//
// Twin: kernels/reference/softmax_cross_entropy.ts

struct Extents {
  pixels: u32,
  vectors: u32, // vec4s a pixel
  classes: u32,
  ignore: u32,
  factor: f32,
  stride: u32, // invocations along x
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> norms: array<vec2f>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;
#if WEIGHTED
@group(0) @binding(5) var<storage, read> weights: array<f32>;
#end
@group(0) @binding(${5 + WEIGHTED}) var<storage, read_write> gradient: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let first = pixel * extents.vectors;
  let label = labels[pixel];
  if (label == extents.ignore || label >= extents.classes) {
    for (var k = 0u; k < extents.vectors; k++) { gradient[first + k] = vec4f(0); }
    return;
  }
  var factor = extents.factor * scale[0];
#if WEIGHTED
  factor *= weights[pixel];
#end
  let norm = norms[pixel];
  var channel = vec4u(0, 1, 2, 3);
  for (var k = 0u; k < extents.vectors; k++) {
    let softmax = exp(logits[first + k] - norm.x) * norm.y;
    let onehot = select(vec4f(0), vec4f(1), channel == vec4u(label));
    gradient[first + k] = select(vec4f(0), factor * (softmax - onehot), channel < vec4u(extents.classes));
    channel += vec4u(4);
  }
}
