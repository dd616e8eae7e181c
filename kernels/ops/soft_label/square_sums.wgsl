// The sum of two vectors' squares at each pixel.
//
//   a, b     f32[pixels, 4·VECTORS]   padding is 0
//   squares  f32[pixels]
//
// Twin: kernels/reference/soft_label/calibrated_fusion.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let first = pixel * ${VECTORS}u;
  var sum = 0.0;
  for (var k = first; k < first + ${VECTORS}u; k++) {
    let a = load_a(k);
    let b = load_b(k);
    sum += dot(a, a) + dot(b, b);
  }
  set_squares(pixel, sum);
}
