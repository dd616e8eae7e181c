// Nearest-neighbor resampling of masks: one source pixel's label an output pixel, one invocation each.
//
//   masks    u32[…]                        packed bytes; each sample's window of its source mask, rows at whole words
//   windows  u32[batch, 8]                 (of the image: two fields), word of the first label, words a row, rows, 0, 0, 0
//   taps     u32[batch, width+height, 8]   columns', then rows': first (2³²−1: padding), nearest source column or row, …
//   labels   u32[batch, height, width]     0–255; `padding` where the image is padded
//
// Twin: kernels/reference/view/resample.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.width) { return; }
  let axes = id.z * (extents.width + extents.height);
  let column = load_taps(2u * (axes + id.x)).xy;
  let row = load_taps(2u * (axes + extents.width + id.y)).xy;
  var label = extents.padding;
  if (column.x != 0xffffffffu && row.x != 0xffffffffu) {
    let window = load_windows(2u * id.z);
    let word = load_masks(window.z + row.y * window.w + column.y / 4u);
    label = (word >> (8u * (column.y % 4u))) & 255u;
  }
  set_labels((id.z * extents.height + id.y) * extents.width + id.x, label);
}
