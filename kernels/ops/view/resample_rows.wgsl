// Second pass of Pillow's bilinear resampling: rows are mixed, u8 in and u8 out. One invocation an output pixel.
//
//   mixed     u32[batch, rows, width]       R | G << 8 | B << 16, of resample_columns.wgsl
//   taps      u32[batch, width+height, 8]   columns', then rows': first source row (2³²−1: padding), nearest, six weights
//   image     u32[batch, height, width]     R | G << 8 | B << 16; padding is 0, black
//   validity  u32[batch, height, width]     1 where the source image is, 0 where padding is
//
// Twin: kernels/reference/view/resample.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.width) { return; }
  let pixel = (id.z * extents.height + id.y) * extents.width + id.x;
  let tap = 2u * (id.z * (extents.width + extents.height) + extents.width + id.y);
  let head = load_taps(tap);
  let column = load_taps(2u * (id.z * (extents.width + extents.height) + id.x)).x;
  if (head.x == 0xffffffffu || column == 0xffffffffu) {
    set_image(pixel, 0u);
    set_validity(pixel, 0u);
    return;
  }
  let tail = load_taps(tap + 1u);
  let at = (id.z * extents.rows + head.x) * extents.width + id.x;
  // Rows of no weight may lie past the window, where nothing was written.
  let last = (id.z * extents.rows + extents.rows - 1u) * extents.width + id.x;
#unroll T 6
  let word${T} = load_mixed(min(at + ${T}u * extents.width, last));
  let p${T} = vec3u(word${T}, word${T} >> 8u, word${T} >> 16u) & vec3u(255u);
#end
  let sum = vec3u(1u << 21u) + p0 * head.z + p1 * head.w + p2 * tail.x + p3 * tail.y + p4 * tail.z + p5 * tail.w;
  let color = min(sum >> vec3u(22u), vec3u(255u));
  set_image(pixel, color.x | (color.y << 8u) | (color.z << 16u));
  set_validity(pixel, 1u);
}
