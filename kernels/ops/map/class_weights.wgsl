// The weight of each pixel's class, and 0 where its label is no class.
//
//   labels   u32[4·count]
//   table    f32[classes]
//   weights  f32[4·count]
//
// Uniforms:
//   count    vec4s
//   stride   invocations along x
//   classes  entries of the table
//
// Twin: kernels/reference/map/class_weights.ts

fn weight(label: u32) -> f32 {
  if (label >= extents.classes) { return 0; }
  return load_table(label);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let labels = load_labels(i);
  set_weights(i, vec4f(weight(labels.x), weight(labels.y), weight(labels.z), weight(labels.w)));
}
