// Gradient of max pooling: each input pixel asks the windows over it whether it won.
//
//   dy        f32[batch, out_height, out_width, lanes·4]
//   winners   u32[batch, out_height, out_width, lanes]     a byte per channel: the winner's number in its window
//   dx        f32[batch, in_height, in_width, lanes·4]
//
// An invocation does a block of STRIDE × STRIDE pixels, which lie under the same windows: WINDOWS along each axis, the
// first of which is FIRST places from the block's number. Constants SIZE, STRIDE, PADDING of the square window.
//
// Uniforms:
//   lanes  vec4s of a pixel
//
// Twin: kernels/reference/feature/max_pool.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = id.x % extents.lanes;
  let column = id.x / extents.lanes; // of the block
  let row = id.y;
  if (column * ${STRIDE}u >= extents.in_width) { return; }

  #unroll Y STRIDE
  #unroll X STRIDE
  var sum${Y}_${X} = vec4f();
  #end
  #end
  #unroll V WINDOWS
  #unroll U WINDOWS
  {
    // Below zero, these wrap around and lie outside all the same.
    let out_row = u32(i32(row) + ${FIRST + V});
    let out_column = u32(i32(column) + ${FIRST + U});
    if (out_row < extents.out_height && out_column < extents.out_width) {
      let at = ((id.z * extents.out_height + out_row) * extents.out_width + out_column) * extents.lanes + lane;
      let winner = (vec4u(load_winners(at)) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
      let gradient = load_dy(at);
      #unroll Y STRIDE
      #unroll X STRIDE
      // A pixel's place in the window is Y + PADDING − STRIDE·(FIRST + V); divided by SIZE, that is 0 inside, ±1 outside.
      #if 1 - ((Y + PADDING - STRIDE * (FIRST + V)) / SIZE) * ((Y + PADDING - STRIDE * (FIRST + V)) / SIZE)
      #if 1 - ((X + PADDING - STRIDE * (FIRST + U)) / SIZE) * ((X + PADDING - STRIDE * (FIRST + U)) / SIZE)
      sum${Y}_${X} += select(
        vec4f(),
        gradient,
        winner == vec4u(${(Y + PADDING - STRIDE * (FIRST + V)) * SIZE + X + PADDING - STRIDE * (FIRST + U)}u),
      );
      #end
      #end
      #end
      #end
    }
  }
  #end
  #end
  #unroll Y STRIDE
  #unroll X STRIDE
  if (row * ${STRIDE}u + ${Y}u < extents.in_height && column * ${STRIDE}u + ${X}u < extents.in_width) {
    let in_row = id.z * extents.in_height + row * ${STRIDE}u + ${Y}u;
    set_dx((in_row * extents.in_width + column * ${STRIDE}u + ${X}u) * extents.lanes + lane, sum${Y}_${X});
  }
  #end
  #end
}
