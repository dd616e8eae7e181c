// First pass of Pillow's bilinear resampling: columns are mixed, u8 in and u8 out. One invocation an output pixel.
//
//   pixels   u32[…]                       packed RGB bytes, R first; each sample's window of its source image, rows at
//                                         whole words
//   windows  u32[batch, 8]                word of the first pixel, words a row, (of the mask: same two), rows, 0, 0, 0
//   taps     u32[batch, width+height, 8]  first source column (2³²−1: padding), nearest, six weights of 22 bits
//   mixed    u32[batch, rows, width]      R | G << 8 | B << 16; rows past the window's are not written
//
// Twin: kernels/reference/view/resample.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.width || id.y >= load_windows(2u * id.z + 1u).x) { return; }
  let tap = 2u * (id.z * (extents.width + extents.height) + id.x);
  let head = load_taps(tap);
  if (head.x == 0xffffffffu) { return; }
  let tail = load_taps(tap + 1u);

  // Six pixels are 18 bytes from any byte of a word: six words, shifted to begin at the first pixel.
  let byte = 3u * head.x;
  let at = load_windows(2u * id.z).x + id.y * load_windows(2u * id.z).y + byte / 4u;
  let shift = 8u * (byte % 4u);
#unroll W 6
  let word${W} = load_pixels(at + ${W}u);
#end
#unroll W 5
  // Shifting by 32 is not defined; by 31 − shift and then one more it is.
  let part${W} = (word${W} >> shift) | ((word${W + 1} << (31u - shift)) << 1u);
#end
  let p0 = vec3u(part0, part0 >> 8u, part0 >> 16u) & vec3u(255u);
  let p1 = vec3u(part0 >> 24u, part1, part1 >> 8u) & vec3u(255u);
  let p2 = vec3u(part1 >> 16u, part1 >> 24u, part2) & vec3u(255u);
  let p3 = vec3u(part2 >> 8u, part2 >> 16u, part2 >> 24u) & vec3u(255u);
  let p4 = vec3u(part3, part3 >> 8u, part3 >> 16u) & vec3u(255u);
  let p5 = vec3u(part3 >> 24u, part4, part4 >> 8u) & vec3u(255u);
  let sum = vec3u(1u << 21u) + p0 * head.z + p1 * head.w + p2 * tail.x + p3 * tail.y + p4 * tail.z + p5 * tail.w;
  let color = min(sum >> vec3u(22u), vec3u(255u));
  set_mixed((id.z * extents.rows + id.y) * extents.width + id.x, color.x | (color.y << 8u) | (color.z << 16u));
}
