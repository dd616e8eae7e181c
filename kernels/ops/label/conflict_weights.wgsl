// A weight for each pixel by whether two labelings agree there and whether the first is confident.
//
//   labels, other_labels  u32[4·count]
//   confidence            f32[4·count]
//   thresholds            f32           only where SCHEDULED: [index] is the threshold
//   weights               f32[4·count]
//
// Uniforms:
//   count      vec4s
//   stride     invocations along x
//   threshold  where not SCHEDULED
//   index      where SCHEDULED
//
// Twin: kernels/reference/label/conflict_weights.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  var threshold = extents.threshold;
#if SCHEDULED
  threshold = load_thresholds(extents.index);
#end
  let confident = load_confidence(i) > vec4f(threshold);
  let agree = select(vec4f(extents.agree_unconfident), vec4f(extents.agree_confident), confident);
  let conflict = select(vec4f(extents.conflict_unconfident), vec4f(extents.conflict_confident), confident);
  set_weights(i, select(conflict, agree, load_labels(i) == load_other_labels(i)));
}
