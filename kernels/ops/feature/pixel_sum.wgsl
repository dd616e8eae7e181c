// Scaled sum over chunks of each image's pixels, for each channel.
//
//   x     f32[batch, pixels, lanes·4]
//   sum   f32[batch, chunks, lanes·4]   scale · sum over the chunk's pixels, in order
//
// WIDTH and UNROLL as in ops/channel_lanes.ts.
//
// Uniforms:
//   lanes   vec4s of a pixel
//   pixels  of an image
//   chunks  of an image
//
// Twin: kernels/reference/feature/global_average_pool.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lanes = extents.lanes;
  let threads = lanes / ${WIDTH}u; // of a chunk
  let thread = id.x % threads;
  let lane = thread / 8u * ${8 * WIDTH}u + thread % 8u; // the first; the others follow 8 lanes apart
  let chunk = id.x / threads % extents.chunks;
  let image = id.x / threads / extents.chunks;
  if (image >= extents.batch) { return; }
  let first = chunk * extents.chunk_pixels;
  let pixels = min(extents.chunk_pixels, extents.pixels - first);

  #unroll W WIDTH
  var total${W} = vec4f();
  #end
  var at = (image * extents.pixels + first) * lanes + lane;
  for (var n = pixels / ${UNROLL}u; n > 0u; n--) {
    #unroll P UNROLL
    #unroll W WIDTH
    total${W} += load_x(at + ${P}u * lanes + ${8 * W}u);
    #end
    #end
    at += ${UNROLL}u * lanes;
  }
  for (var n = pixels % ${UNROLL}u; n > 0u; n--) {
    #unroll W WIDTH
    total${W} += load_x(at + ${8 * W}u);
    #end
    at += lanes;
  }
  #unroll W WIDTH
  set_sum((image * extents.chunks + chunk) * lanes + lane + ${8 * W}u, extents.scale * total${W});
  #end
}
