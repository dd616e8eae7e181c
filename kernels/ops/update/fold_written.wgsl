// Elements that a part has written.
//
//   part    u32[4·count]   what the base has become
//   base    u32[4·count]
//   folded  u32[4·count]   part, where it differs from the base
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x
//
// Twin: kernels/reference/update/fold.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let part = load_part(i);
  set_folded(i, select(part, load_folded(i), part == load_base(i)));
}
