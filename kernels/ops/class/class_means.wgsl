// The mean of a map over the pixels of each class, from sums over chunks, added in order. One invocation a class.
//
//   partials  vec2f[chunks, classes]   sum, count; a count is exact
//   means     f32[classes]             0 where there is no pixel
//   pixels    u32[classes]
//
// Twin: kernels/reference/class/class_means.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.classes) { return; }
  var sum = 0.0;
  var pixels = 0u; // exact where f32 is not
  for (var i = id.x; i < extents.chunks * extents.classes; i += extents.classes) {
    let partial = load_partials(i);
    sum += partial.x;
    pixels += u32(partial.y);
  }
  set_means(id.x, select(0.0, sum / f32(pixels), pixels > 0u));
  set_pixels(id.x, pixels);
}
