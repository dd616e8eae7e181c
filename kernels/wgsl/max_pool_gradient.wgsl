// Gradient of max pooling: each input pixel asks the windows over it whether it won.
//
//   dy        f32[batch, out_height, out_width, lanes·4]
//   winners   u32[batch, out_height, out_width, lanes]     a byte per channel: the winner's number in its window
//   dx        f32[batch, in_height, in_width, lanes·4]
//
// Constants SIZE, STRIDE, PADDING of the square window; COVER = ceil(SIZE / STRIDE) windows over a pixel along an axis.
//
// Twin: kernels/reference/max_pool.ts

struct Extents {
  count: u32, // vec4s of dx
  stride: u32, // invocations along x, as one axis of a dispatch is limited
  lanes: u32, // vec4s of a pixel
  in_height: u32,
  in_width: u32,
  out_height: u32,
  out_width: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> winners: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let lane = i % extents.lanes;
  let pixel = i / extents.lanes;
  let in_row = pixel / extents.in_width;
  let image = in_row / extents.in_height;
  let column = pixel % extents.in_width + ${PADDING}u;
  let row = in_row % extents.in_height + ${PADDING}u;
  // The last window that starts at or before this pixel; the others over it precede, and below zero wrap around.
  let last_column = column / ${STRIDE}u;
  let last_row = row / ${STRIDE}u;
  let origin = image * extents.out_height;

  var sum = vec4f();
  #unroll Y COVER
  #unroll X COVER
  {
    let out_row = last_row - ${COVER - 1 - Y}u;
    let out_column = last_column - ${COVER - 1 - X}u;
    let y = row - out_row * ${STRIDE}u; // within the window
    let x = column - out_column * ${STRIDE}u;
    if (out_row < extents.out_height && out_column < extents.out_width && y < ${SIZE}u && x < ${SIZE}u) {
      let at = ((origin + out_row) * extents.out_width + out_column) * extents.lanes + lane;
      let winner = (vec4u(winners[at]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
      sum += select(vec4f(), dy[at], winner == vec4u(y * ${SIZE}u + x));
    }
  }
  #end
  #end
  dx[i] = sum;
}
