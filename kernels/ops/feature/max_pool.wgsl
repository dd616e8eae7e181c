// Largest value of each window; the first in scan order where several are equal.
//
//   x         f32[batch, in_height, in_width, lanes·4]      read as −∞ outside
//   y         f32[batch, out_height, out_width, lanes·4]
//   winners   u32[batch, out_height, out_width, lanes]      where WINNERS: for each of 4 channels a byte, the winner's
//                                                            number in its window, row by row
//
// Constants SIZE, STRIDE, PADDING of the square window.
//
// Uniforms:
//   lanes  vec4s of a pixel
//
// Twin: kernels/reference/feature/max_pool.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = id.x % extents.lanes;
  let column = id.x / extents.lanes;
  if (column >= extents.out_width) { return; }
  // The window's corner; below zero, it wraps around and lies outside all the same.
  let left = column * ${STRIDE}u - ${PADDING}u;
  let top = id.y * ${STRIDE}u - ${PADDING}u;

  var best = vec4f(-3.4028234e38);
  var winner = vec4u();
  var seen = false;
  #unroll Y SIZE
  #unroll X SIZE
  {
    let in_row = top + ${Y}u;
    let in_column = left + ${X}u;
    if (in_row < extents.in_height && in_column < extents.in_width) {
      let value = load_x(((id.z * extents.in_height + in_row) * extents.in_width + in_column) * extents.lanes + lane);
      // The first pixel inside wins whatever it holds, −∞ included.
      let wins = (value > best) | vec4<bool>(!seen);
      best = select(best, value, wins);
      winner = select(winner, vec4u(${Y * SIZE + X}u), wins);
      seen = true;
    }
  }
  #end
  #end
  let at = (id.z * extents.out_height + id.y) * extents.out_width * extents.lanes + id.x;
  set_y(at, best);
  #if WINNERS
  set_winners(at, winner.x | (winner.y << 8u) | (winner.z << 16u) | (winner.w << 24u));
  #end
}
