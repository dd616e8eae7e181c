// Which classes have a score of 0 or more: a probability of a half or more.
//
//   scores  f32[images, 4·VECTORS]
//   tags    f32[images, 4·VECTORS]   1 or 0; padding is 0
//
// Uniforms:
//   count    vec4s
//   classes  channels that are no padding
//   stride   invocations along x
//
// Twin: kernels/reference/attention/image_tags.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let channel = vec4u(4u * (i % ${VECTORS}u)) + vec4u(0, 1, 2, 3);
  let tagged = (load_scores(i) >= vec4f()) & (channel < vec4u(extents.classes));
  set_tags(i, select(vec4f(), vec4f(1), tagged));
}
