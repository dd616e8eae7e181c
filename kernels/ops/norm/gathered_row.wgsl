// Puts what one of several graphs has into its row of what all have; the host fills the others (program/together.ts).
//
//   own  f32[4·count]
//   all  f32[rows, 4·count]   one row is written
//
// Uniforms:
//   count   vec4s of a row
//   row     that is written
//   stride  invocations along x
//
// Twin: none, as it copies

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  set_all(extents.row * extents.count + i, load_own(i));
}
