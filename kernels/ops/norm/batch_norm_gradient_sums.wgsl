// Batch norm, backward, first pass: sums over a chunk of pixels, for each channel.
//
//   dy, x            f32[passes, pixels, lanes·4]
//   y                f32[passes, pixels, lanes·4]       read where SIGN_FROM_Y
//   mean, variance   f32[passes, lanes·4]
//   weight, bias     f32[lanes·4]
//   partials         f32[passes, chunks, 2, lanes·4]    sum of dy', sum of dy' · (x − mean)
//
// WIDTH and UNROLL as in ops/channel_lanes.ts. dy' is dy where the ReLU let the value pass. Without a residual, x tells that too,
// and y is not read. Where LATER the sums go on from those of the windows before: what is not bound adds 0.
//
// Uniforms:
//   lanes   vec4s of a pixel
//   pixels  of a pass
//   chunks  of a pass
//
// Twin: kernels/reference/norm/batch_norm.ts

#include batch_norm_law.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lanes = extents.lanes;
  let threads = lanes / ${WIDTH}u; // of a chunk
  let thread = id.x % threads;
  let lane = thread / 8u * ${8 * WIDTH}u + thread % 8u; // the first; the others follow 8 lanes apart
  let chunk = id.x / threads; // of all passes
  if (chunk >= extents.passes * extents.chunks) { return; }
  let first = chunk % extents.chunks * extents.chunk_pixels; // within the pass
  let of_pass = chunk / extents.chunks;
  let moments = of_pass * lanes + lane;
  let pixels = min(extents.chunk_pixels, extents.pixels - first);

  #unroll W WIDTH
  let center${W} = load_mean(moments + ${8 * W}u);
  let scale${W} = weight_of(lane + ${8 * W}u) * (1.0 / deviation_of(load_variance(moments + ${8 * W}u)));
  let shift${W} = load_bias(lane + ${8 * W}u);
  #if LATER
  var sum${W} = load_partials(2u * chunk * lanes + lane + ${8 * W}u);
  var products${W} = load_partials((2u * chunk + 1u) * lanes + lane + ${8 * W}u);
  #else
  var sum${W} = vec4f();
  var products${W} = vec4f();
  #end
  #end
  var at = (of_pass * extents.pixels + first) * lanes + lane;
  for (var n = pixels / ${UNROLL}u; n > 0u; n--) {
    #unroll P UNROLL
    #unroll W WIDTH
    var g${P}_${W} = load_dy(at + ${P}u * lanes + ${8 * W}u);
    let d${P}_${W} = load_x(at + ${P}u * lanes + ${8 * W}u) - center${W};
    #if SIGN_FROM_X
    g${P}_${W} = select(vec4f(), g${P}_${W}, d${P}_${W} * scale${W} + shift${W} > vec4f());
    #end
    #if SIGN_FROM_Y
    g${P}_${W} = select(vec4f(), g${P}_${W}, load_y(at + ${P}u * lanes + ${8 * W}u) > vec4f());
    #end
    sum${W} += g${P}_${W};
    products${W} += g${P}_${W} * d${P}_${W};
    #end
    #end
    at += ${UNROLL}u * lanes;
  }
  for (var n = pixels % ${UNROLL}u; n > 0u; n--) {
    #unroll W WIDTH
    var g${W} = load_dy(at + ${8 * W}u);
    let d${W} = load_x(at + ${8 * W}u) - center${W};
    #if SIGN_FROM_X
    g${W} = select(vec4f(), g${W}, d${W} * scale${W} + shift${W} > vec4f());
    #end
    #if SIGN_FROM_Y
    g${W} = select(vec4f(), g${W}, load_y(at + ${8 * W}u) > vec4f());
    #end
    sum${W} += g${W};
    products${W} += g${W} * d${W};
    #end
    at += lanes;
  }
  #unroll W WIDTH
  set_partials(2u * chunk * lanes + lane + ${8 * W}u, sum${W});
  set_partials((2u * chunk + 1u) * lanes + lane + ${8 * W}u, products${W});
  #end
}
