// 1 for each pixel whose value is at least a threshold, else 0.
//
//   values      f32[4·count]
//   thresholds  f32           only where SCHEDULED: [index] is the threshold
//   reached     f32[4·count]
//
// Twin: kernels/reference/at_least.ts

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations along x
  threshold: f32, // where not SCHEDULED
  index: u32, // where SCHEDULED
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> values: array<vec4f>;
#if SCHEDULED
@group(0) @binding(2) var<storage, read> thresholds: array<f32>;
#end
@group(0) @binding(${2 + SCHEDULED}) var<storage, read_write> reached: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  var threshold = extents.threshold;
#if SCHEDULED
  threshold = thresholds[extents.index];
#end
  reached[i] = select(vec4f(0), vec4f(1), values[i] >= vec4f(threshold));
}
