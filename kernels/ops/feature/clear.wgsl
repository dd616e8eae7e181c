// Sets a tensor to zero, whatever its type.
//
//   tensor  u32[4·count]
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i < extents.count) { set_tensor(i, vec4u(0)); }
}
