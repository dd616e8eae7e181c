// The gradient of background_first.wgsl by the maps: the largest of a pixel, of equal ones the first, takes what the background has.
//
//   maps       f32[pixels, 4·VECTORS]   CLASSES channels
//   gradients  f32[pixels, 4·ALL]       by the result
//   slopes     f32[pixels, 4·VECTORS]   padding is 0
//
// Twin: kernels/reference/attention/background_first.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let first = pixel * ${4 * VECTORS}u;
  var largest = load_maps(first);
  var place = 0u;
  for (var c = 1u; c < ${CLASSES}u; c++) {
    let value = load_maps(first + c);
    place = select(place, c, value > largest);
    largest = max(largest, value);
  }
  let origin = pixel * ${4 * ALL}u;
  let background = load_gradients(origin);
  for (var c = 0u; c < ${4 * VECTORS}u; c++) {
    let own = load_gradients(origin + min(c, ${CLASSES - 1}u) + 1u) - select(0.0, background, c == place);
    set_slopes(first + c, select(0.0, own, c < ${CLASSES}u));
  }
}
