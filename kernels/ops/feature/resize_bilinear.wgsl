// Bilinear resize whose corner pixels keep their place (align_corners).
//
//   x   f32[batch, in_height, in_width, lanes·4]
//   y   f32[batch, out_height, out_width, lanes·4]
//
// Output o lies at o · (in − 1) / (out − 1) of the input; quotient and remainder are exact integers.
// An invocation does ROWS values, one below the other.
//
// Uniforms:
//   lanes  vec4s of a pixel
//
// Twin: kernels/reference/feature/resize_bilinear.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lanes = extents.lanes;
  let column = id.x / lanes;
  if (column >= extents.out_width) { return; }
  let lane = id.x % lanes;

  // An extent of 1 lies at 0.
  let column_steps = max(extents.out_width - 1u, 1u);
  let left_position = column * (extents.in_width - 1u);
  let left = left_position / column_steps;
  let right = min(left + 1u, extents.in_width - 1u);
  let right_share = f32(left_position % column_steps) / f32(column_steps);
  let row_steps = max(extents.out_height - 1u, 1u);
  let origin = id.z * extents.in_height;

  // An input row is loaded once for all the output rows it has a share in: the same ones for a whole workgroup.
  var upper = vec4f();
  var lower = vec4f();
  var above = 0xffffffffu; // the input row in `upper`; `lower` holds the next
  #unroll R ROWS
  {
    let row = id.y * ${ROWS}u + ${R}u;
    if (row < extents.out_height) {
      let position = row * (extents.in_height - 1u);
      let top = position / row_steps;
      let bottom = min(top + 1u, extents.in_height - 1u);
      let share = f32(position % row_steps) / f32(row_steps);
      if (top != above) {
        if (top == above + 1u && above != 0xffffffffu) {
          upper = lower;
        } else {
          upper = (1.0 - right_share) * load_x(((origin + top) * extents.in_width + left) * lanes + lane)
            + right_share * load_x(((origin + top) * extents.in_width + right) * lanes + lane);
        }
        lower = (1.0 - right_share) * load_x(((origin + bottom) * extents.in_width + left) * lanes + lane)
          + right_share * load_x(((origin + bottom) * extents.in_width + right) * lanes + lane);
        above = top;
      }
      set_y((id.z * extents.out_height + row) * extents.out_width * lanes + id.x, (1.0 - share) * upper + share * lower);
    }
  }
  #end
}
