// A weight for each pixel by whether two labelings agree there and whether the first is confident.
//
//   labels, other_labels  u32[4·count]
//   confidence            f32[4·count]
//   thresholds            f32           only where SCHEDULED: [index] is the threshold
//   weights               f32[4·count]
//
// Twin: kernels/reference/conflict_weights.ts

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations along x
  threshold: f32, // where not SCHEDULED
  index: u32, // where SCHEDULED
  agree_confident: f32,
  agree_unconfident: f32,
  conflict_confident: f32,
  conflict_unconfident: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> labels: array<vec4u>;
@group(0) @binding(2) var<storage, read> other_labels: array<vec4u>;
@group(0) @binding(3) var<storage, read> confidence: array<vec4f>;
#if SCHEDULED
@group(0) @binding(4) var<storage, read> thresholds: array<f32>;
#end
@group(0) @binding(${4 + SCHEDULED}) var<storage, read_write> weights: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  var threshold = extents.threshold;
#if SCHEDULED
  threshold = thresholds[extents.index];
#end
  let confident = confidence[i] > vec4f(threshold);
  let agree = select(vec4f(extents.agree_unconfident), vec4f(extents.agree_confident), confident);
  let conflict = select(vec4f(extents.conflict_unconfident), vec4f(extents.conflict_confident), confident);
  weights[i] = select(conflict, agree, labels[i] == other_labels[i]);
}
