// Decides whether an update is made: it is left out where a gradient overflowed.
//
//   found   u32[count]
//   guard   f32[4]       1 / the losses' scale (kept); 1 where this update is left out; how many were since the host set this
//                        to 0; how many in a row up to this one
//
// Twin: kernels/reference/guard_update.ts

struct Extents {
  count: u32, // a multiple of 256
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> found: array<u32>;
@group(0) @binding(2) var<storage, read_write> guard: array<vec4f>;

var<workgroup> finds: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var any = 0u;
  for (var i = lane; i < extents.count; i += 256u) { any |= found[i]; }
  finds[lane] = any;
  workgroupBarrier();
  if (lane > 0u) { return; }
  for (var i = 1u; i < 256u; i++) { any |= finds[i]; }
  let skip = select(0.0, 1.0, any != 0u);
  let before = guard[0];
  guard[0] = vec4f(before.x, skip, before.z + skip, skip * (before.w + 1.0));
}
