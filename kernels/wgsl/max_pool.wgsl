// Largest value of each window; the first in scan order where several are equal.
//
//   x         f32[batch, in_height, in_width, lanes·4]      read as −∞ outside
//   y         f32[batch, out_height, out_width, lanes·4]
//   winners   u32[batch, out_height, out_width, lanes]      where WINNERS: for each of 4 channels a byte, the winner's
//                                                            number in its window, row by row
//
// Constants SIZE, STRIDE, PADDING of the square window.
//
// Twin: kernels/reference/max_pool.ts

struct Extents {
  count: u32, // vec4s of y
  stride: u32, // invocations along x, as one axis of a dispatch is limited
  lanes: u32, // vec4s of a pixel
  in_height: u32,
  in_width: u32,
  out_height: u32,
  out_width: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
#if WINNERS
@group(0) @binding(3) var<storage, read_write> winners: array<u32>;
#end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let lane = i % extents.lanes;
  let pixel = i / extents.lanes;
  let out_row = pixel / extents.out_width;
  let image = out_row / extents.out_height;
  // The window's corner; below zero, it wraps around and lies outside all the same.
  let left = (pixel % extents.out_width) * ${STRIDE}u - ${PADDING}u;
  let top = (out_row % extents.out_height) * ${STRIDE}u - ${PADDING}u;
  let origin = image * extents.in_height;

  var best = vec4f(-3.4028234e38);
  var winner = vec4u();
  var seen = false;
  #unroll Y SIZE
  #unroll X SIZE
  {
    let row = top + ${Y}u;
    let column = left + ${X}u;
    if (row < extents.in_height && column < extents.in_width) {
      let value = x[((origin + row) * extents.in_width + column) * extents.lanes + lane];
      // The first pixel inside wins whatever it holds, −∞ included.
      let wins = (value > best) | vec4<bool>(!seen);
      best = select(best, value, wins);
      winner = select(winner, vec4u(${Y * SIZE + X}u), wins);
      seen = true;
    }
  }
  #end
  #end
  y[i] = best;
  #if WINNERS
  winners[i] = winner.x | (winner.y << 8u) | (winner.z << 16u) | (winner.w << 24u);
  #end
}
