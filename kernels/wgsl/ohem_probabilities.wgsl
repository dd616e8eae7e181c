// The softmax probability of each pixel's label.
//
//   logits         f32[pixels, 4·vectors]   channels from `classes` on are padding and take no part
//   labels         u32[pixels]
//   probabilities  f32[pixels]              2 where the label is `ignore` or no class
//
// Twin: kernels/reference/ohem.ts

struct Extents {
  pixels: u32,
  vectors: u32, // vec4s a pixel
  classes: u32,
  ignore: u32,
  stride: u32, // invocations along x
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> probabilities: array<f32>;

const LOWEST = -3.0e38;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let label = labels[pixel];
  if (label == extents.ignore || label >= extents.classes) {
    probabilities[pixel] = 2;
    return;
  }
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
  // Rounding must not lift it over 1; a NaN passes.
  let probability = exp(own - peak) / total;
  probabilities[pixel] = select(probability, 1.0, probability > 1);
}
