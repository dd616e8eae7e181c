// 1 for each pixel whose value is at least a threshold, or BELOW it, else 0.
//
//   values      f32[4·count]
//   thresholds  f32           only where SCHEDULED: [index] is the threshold
//   reached     f32[4·count]
//
// Uniforms:
//   count      vec4s
//   stride     invocations along x
//   threshold  where not SCHEDULED
//   index      where SCHEDULED
//
// Twin: kernels/reference/map/at_least.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  var threshold = extents.threshold;
#if SCHEDULED
  threshold = load_thresholds(extents.index);
#end
#if BELOW
  set_reached(i, select(vec4f(0), vec4f(1), load_values(i) < vec4f(threshold)));
#else
  set_reached(i, select(vec4f(0), vec4f(1), load_values(i) >= vec4f(threshold)));
#end
}
