// Bilinear resize whose corner pixels keep their place (align_corners).
//
//   x   f32[batch, in_height, in_width, lanes·4]
//   y   f32[batch, out_height, out_width, lanes·4]
//
// Output o lies at o · (in − 1) / (out − 1) of the input; quotient and remainder are exact integers.
//
// Twin: kernels/reference/resize_bilinear.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  in_height: u32,
  in_width: u32,
  out_height: u32,
  out_width: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lanes = extents.lanes;
  let column = id.x / lanes;
  let row = id.y;
  if (column >= extents.out_width) { return; }
  let lane = id.x % lanes;

  // An extent of 1 lies at 0.
  let column_steps = max(extents.out_width - 1u, 1u);
  let left_position = column * (extents.in_width - 1u);
  let left = left_position / column_steps;
  let right = min(left + 1u, extents.in_width - 1u);
  let right_share = f32(left_position % column_steps) / f32(column_steps);
  let row_steps = max(extents.out_height - 1u, 1u);
  let top_position = row * (extents.in_height - 1u);
  let top = top_position / row_steps;
  let bottom = min(top + 1u, extents.in_height - 1u);
  let bottom_share = f32(top_position % row_steps) / f32(row_steps);

  let top_row = (id.z * extents.in_height + top) * extents.in_width;
  let bottom_row = (id.z * extents.in_height + bottom) * extents.in_width;
  let upper = (1.0 - right_share) * x[(top_row + left) * lanes + lane]
    + right_share * x[(top_row + right) * lanes + lane];
  let lower = (1.0 - right_share) * x[(bottom_row + left) * lanes + lane]
    + right_share * x[(bottom_row + right) * lanes + lane];
  y[((id.z * extents.out_height + row) * extents.out_width) * lanes + id.x] =
    (1.0 - bottom_share) * upper + bottom_share * lower;
}
