// One pass of Pillow's extended box blur, along one axis: a box of whole pixels and a fraction of one more at either end,
// edges repeated, u8 out. One invocation a pixel. Three passes an axis are Pillow's GaussianBlur.
//
//   image     u32[batch, height, width]   R | G << 8 | B << 16
//   settings  u32[batch, 12]              flags (4 blur), seven words of color_jitter.wgsl, whole radius, weight of a pixel
//                                         and of an end pixel (24-bit fixed point), 0
//   blurred   u32[batch, height, width]   `image` where the sample is not blurred
//
// Uniforms:
//   rows  1: along columns of pixels, 0: along rows
//
// Twin: kernels/reference/view/photometric.ts

fn unpack(word: u32) -> vec3u {
  return vec3u(word, word >> 8u, word >> 16u) & vec3u(255u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.width) { return; }
  let pixel = (id.z * extents.height + id.y) * extents.width + id.x;
  let center = load_image(pixel);
  if ((load_settings(3u * id.z).x & 4u) == 0u) {
    set_blurred(pixel, center);
    return;
  }
  let box = load_settings(3u * id.z + 2u);
  let at = select(id.x, id.y, extents.rows == 1u);
  let last = select(extents.width, extents.height, extents.rows == 1u) - 1u;
  let step = select(1u, extents.width, extents.rows == 1u);
  let start = pixel - at * step;
  let far = box.x + 1u;
  var sum = unpack(center);
  for (var k = 1u; k <= box.x; k++) {
    sum += unpack(load_image(start + (max(at, k) - k) * step)) + unpack(load_image(start + min(at + k, last) * step));
  }
  let ends = unpack(load_image(start + (max(at, far) - far) * step)) + unpack(load_image(start + min(at + far, last) * step));
  let color = (sum * box.y + ends * box.z + vec3u(1u << 23u)) >> vec3u(24u);
  set_blurred(pixel, color.x | (color.y << 8u) | (color.z << 16u));
}
