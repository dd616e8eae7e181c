// Batch norm, training, first pass: sums over a chunk of pixels, for each channel.
//
//   x         f32[passes, pixels, lanes·4]
//   partials  f32[passes, chunks, 2, lanes·4]   sum of x − pivot, sum of (x − pivot)²
//   pivots    f32[passes, lanes·4]
//
// WIDTH and UNROLL as in ops/channel_lanes.ts. The pivot is the channel's first value of the pass: the difference of two large
// sums would lose a small variance.
//
// Uniforms:
//   lanes   vec4s of a pixel
//   pixels  of a pass
//   chunks  of a pass
//
// Twin: kernels/reference/norm/batch_norm.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lanes = extents.lanes;
  let threads = lanes / ${WIDTH}u; // of a chunk
  let thread = id.x % threads;
  let lane = thread / 8u * ${8 * WIDTH}u + thread % 8u; // the first; the others follow 8 lanes apart
  let chunk = id.x / threads; // of all passes
  if (chunk >= extents.passes * extents.chunks) { return; }
  let first = chunk % extents.chunks * extents.chunk_pixels; // within the pass
  let start = chunk / extents.chunks * extents.pixels * lanes + lane;
  let pixels = min(extents.chunk_pixels, extents.pixels - first);

  #unroll W WIDTH
  let pivot${W} = load_x(start + ${8 * W}u);
  var sum${W} = vec4f();
  var squares${W} = vec4f();
  #end
  var at = start + first * lanes;
  for (var n = pixels / ${UNROLL}u; n > 0u; n--) {
    #unroll P UNROLL
    #unroll W WIDTH
    let d${P}_${W} = load_x(at + ${P}u * lanes + ${8 * W}u) - pivot${W};
    sum${W} += d${P}_${W};
    squares${W} += d${P}_${W} * d${P}_${W};
    #end
    #end
    at += ${UNROLL}u * lanes;
  }
  for (var n = pixels % ${UNROLL}u; n > 0u; n--) {
    #unroll W WIDTH
    let d${W} = load_x(at + ${8 * W}u) - pivot${W};
    sum${W} += d${W};
    squares${W} += d${W} * d${W};
    #end
    at += lanes;
  }
  #unroll W WIDTH
  if (first == 0u) { set_pivots(chunk / extents.chunks * lanes + lane + ${8 * W}u, pivot${W}); }
  set_partials(2u * chunk * lanes + lane + ${8 * W}u, sum${W});
  set_partials((2u * chunk + 1u) * lanes + lane + ${8 * W}u, squares${W});
  #end
}
