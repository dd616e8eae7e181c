// One part of a longer map, element by element.
//
//   part    u32[count]
//   joined  u32[…]       from `offset` on
//
// Uniforms:
//   count   elements
//   stride  invocations along x
//   offset  place of the first in `joined`
//
// Twin: kernels/reference/map/join_maps.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  set_joined(extents.offset + i, load_part(i));
}
