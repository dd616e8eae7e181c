// The share of pixels that are labeled.
//
//   labels  u32[count]
//   share   f32[4]      [0]: the share of those that are not 255; [1]: its inverse, 0 where there is none
//
// One workgroup: integer counts are exact.
//
// Twin: kernels/reference/number/label_share.ts

var<workgroup> counts: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var labeled = 0u;
  for (var i = lane; i < extents.count; i += 256u) { labeled += select(1u, 0u, load_labels(i) == 255u); }
  counts[lane] = labeled;
  workgroupBarrier();
  if (lane > 0u) { return; }
  for (var i = lane + 1u; i < 256u; i++) { labeled += counts[i]; }
  let all = f32(extents.count);
  let some = f32(labeled);
  set_share(0u, some / all);
  set_share(1u, select(all / max(some, 1.0), 0.0, labeled == 0u));
}
