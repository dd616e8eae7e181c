// Decides whether an update is made: it is left out where a gradient overflowed.
//
//   found   u32[count]
//   guard   f32[4]       1 / the losses' scale (kept); 1 where this update is left out; how many were since the host set this
//                        to 0; how many in a row up to this one
//
// Uniforms:
//   count  a multiple of 256
//
// Twin: kernels/reference/update/guard_update.ts

var<workgroup> finds: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var any = 0u;
  for (var i = lane; i < extents.count; i += 256u) { any |= load_found(i); }
  finds[lane] = any;
  workgroupBarrier();
  if (lane > 0u) { return; }
  for (var i = 1u; i < 256u; i++) { any |= finds[i]; }
  let skip = select(0.0, 1.0, any != 0u);
  let before = load_guard(0);
  set_guard(0, vec4f(before.x, skip, before.z + skip, skip * (before.w + 1.0)));
}
