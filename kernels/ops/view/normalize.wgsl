// Packed u8 pixels to normalized ones, (x / 255 − mean) / std. One invocation a pixel.
//
//   image       u32[count]     R | G << 8 | B << 16
//   normalized  f32[count·4]   R, G, B, 0
//
// Uniforms:
//   stride  invocations along x, as one axis of a dispatch is limited
//
// Twin: kernels/reference/view/normalize.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let word = load_image(i);
  let color = vec3f(vec3u(word, word >> 8u, word >> 16u) & vec3u(255u));
  let mean = vec3f(extents.mean0, extents.mean1, extents.mean2);
  let deviation = vec3f(extents.std0, extents.std1, extents.std2);
  set_normalized(i, vec4f((color / 255.0 - mean) / deviation, 0.0));
}
