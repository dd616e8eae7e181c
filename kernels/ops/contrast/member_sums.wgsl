// Sums of the features of each class's pixels, in CHUNKS interleaved parts.
//
//   x, u      see pixel_features.wgsl
//   places    u32[classes, columns]                    pixels of each class, in order
//   counts    u32[classes]                             how many
//   partials  f32[classes, CHUNKS, 4·vectors]          part k: the pixels k, k + CHUNKS, k + 2·CHUNKS, …
//
// A lane a vec4, workgroups: part, class, 64 lanes further.
//
// Twin: kernels/reference/contrast/member_means.ts

#include pixel_features.wgsl

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let vector = group.z * 64u + lane;
  if (vector >= extents.vectors) { return; }
  let count = load_counts(group.y);
  var sum = vec4f();
  for (var i = group.x; i < count; i += ${CHUNKS}u) {
    sum += feature(load_places(group.y * extents.columns + i), vector);
  }
  set_partials((group.y * ${CHUNKS}u + group.x) * extents.vectors + vector, sum);
}
