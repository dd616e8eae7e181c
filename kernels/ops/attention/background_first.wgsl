// Maps of classes behind one of what is none of them: 2 − the largest.
//
//   maps  f32[pixels, 4·VECTORS]   CLASSES channels
//   all   f32[pixels, 4·ALL]       1 + CLASSES channels, the background first; padding is 0
//
// Twin: kernels/reference/attention/background_first.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let first = pixel * ${4 * VECTORS}u;
  var largest = load_maps(first);
  for (var c = first + 1u; c < first + ${CLASSES}u; c++) { largest = max(largest, load_maps(c)); }
  let goal = pixel * ${4 * ALL}u;
  set_all(goal, 2.0 - largest);
  for (var c = 1u; c < ${4 * ALL}u; c++) {
    set_all(goal + c, select(0.0, load_maps(first + min(c, ${CLASSES}u) - 1u), c <= ${CLASSES}u));
  }
}
