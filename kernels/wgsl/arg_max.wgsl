// The class of each pixel's largest logit, and how sure that is.
//
//   logits      f32[pixels, 4·vectors]   channels from `classes` on are padding and take no part
//   labels      u32[pixels]              the first class with the largest logit
//   confidence  f32[pixels]              that logit, or its softmax probability where PROBABILITY
//
// Twin: kernels/reference/arg_max.ts

struct Extents {
  pixels: u32,
  vectors: u32, // vec4s a pixel
  classes: u32,
  stride: u32, // invocations along x
  scale: f32, // of the logits
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> confidence: array<f32>;

const LOWEST = -3.0e38;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let first = pixel * extents.vectors;
  var peak = LOWEST;
  var label = 0u;
#if PROBABILITY
  var total = 0.0;
#end
  var channel = vec4u(0, 1, 2, 3);
  for (var k = 0u; k < extents.vectors; k++) {
    let value = select(vec4f(LOWEST), extents.scale * logits[first + k], channel < vec4u(extents.classes));
    let highest = max(max(value.x, value.y), max(value.z, value.w));
    if (highest > peak) {
      label = select(select(select(channel.w, channel.z, value.z == highest), channel.y, value.y == highest),
        channel.x, value.x == highest);
    }
    let higher = max(highest, peak);
#if PROBABILITY
    total = total * exp(peak - higher) + dot(exp(value - higher), vec4f(1));
#end
    peak = higher;
    channel += vec4u(4);
  }
  labels[pixel] = label;
#if PROBABILITY
  confidence[pixel] = 1 / total;
#end
#if 1 - PROBABILITY
  confidence[pixel] = peak;
#end
}
