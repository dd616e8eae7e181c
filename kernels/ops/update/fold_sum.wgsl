// A sum, one part more.
//
//   part    f32[4·count]
//   folded  f32[4·count]   folded + part
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
  set_folded(i, load_folded(i) + load_part(i));
}
