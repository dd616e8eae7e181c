// Which classes an image's labels hold, but for class 0.
//
//   labels  u32[images, pixels]
//   tags    f32[images, CHANNELS]   1 where there is a pixel of class 1 + channel, else 0
//
// Uniforms:
//   pixels   of an image
//   classes  channels that are no padding
//
// A workgroup a channel and image.
//
// Twin: kernels/reference/attention/image_tags.ts

const LANES = 256u;

var<workgroup> seen: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group.y * extents.pixels;
  let wanted = group.x + 1u;
  var found = 0u;
  for (var pixel = lane; pixel < extents.pixels; pixel += LANES) {
    found |= select(0u, 1u, load_labels(first + pixel) == wanted);
  }
  seen[lane] = found;
  workgroupBarrier();
  if (lane > 0u) { return; }
  for (var i = 1u; i < LANES; i++) { found |= seen[i]; }
  set_tags(group.y * ${CHANNELS}u + group.x, f32(select(0u, found, group.x < extents.classes)));
}
