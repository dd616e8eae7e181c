// A moving average that has taken in one part more.
//
//   part    f32[4·count]   what the base has become
//   base    f32[4·count]
//   kept    f32[4·count]   share of what it was that the average keeps in a part
//   folded  f32[4·count]   part + kept · (folded − base)
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
  let moved = load_folded(i) - load_base(i);
  // The first part is taken as it is: 0 times what is infinite would be NaN.
  let next = load_part(i) + load_kept(i) * moved;
  set_folded(i, select(next, load_part(i), moved == vec4f()));
}
