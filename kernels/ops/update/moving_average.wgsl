// One step of an exponential moving average, in place.
//
//   source   f32[4·count]
//   shares   f32            [index] is the source's share in the new average: 0 leaves it as it is, 1 copies the source
//   guard    f32[4]         where GUARDED: [1] not 0: nothing is averaged (guard_update.wgsl)
//   average  f32[4·count]   a ← a + share · (source − a)
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x
//
// Twin: kernels/reference/update/moving_average.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
#if GUARDED
  if (load_guard(0).y != 0.0) { return; }
#end
  let share = load_shares(extents.index);
  let before = load_average(i);
  let next = load_source(i);
  // A copy is exact: a sum would round.
  set_average(i, select(before + share * (next - before), next, share == 1.0));
}
