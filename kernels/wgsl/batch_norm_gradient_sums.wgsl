// Batch norm, backward, first pass: sums over a chunk of pixels, for each channel.
//
//   dy, x            f32[passes, pixels, lanes·4]
//   y                f32[passes, pixels, lanes·4]       read where SIGN_FROM_Y
//   mean, variance   f32[passes, lanes·4]
//   weight, bias     f32[lanes·4]
//   partials         f32[passes, chunks, 2, lanes·4]    sum of dy', sum of dy' · (x − mean)
//
// WIDTH and UNROLL as in ops/channel_lanes.ts. dy' is dy where the ReLU let the value pass. Without a residual, x tells that too,
// and y is not read.
//
// Twin: kernels/reference/batch_norm.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  pixels: u32, // of a pass
  chunk_pixels: u32,
  chunks: u32, // of a pass
  passes: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> y: array<vec4f>;
@group(0) @binding(4) var<storage, read> mean: array<vec4f>;
@group(0) @binding(5) var<storage, read> variance: array<vec4f>;
@group(0) @binding(6) var<storage, read> weight: array<vec4f>;
@group(0) @binding(7) var<storage, read> bias: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> partials: array<vec4f>;

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
  let center${W} = mean[moments + ${8 * W}u];
  let scale${W} = weight[lane + ${8 * W}u] * (1.0 / sqrt(variance[moments + ${8 * W}u] + extents.epsilon));
  let shift${W} = bias[lane + ${8 * W}u];
  var sum${W} = vec4f();
  var products${W} = vec4f();
  #end
  var at = (of_pass * extents.pixels + first) * lanes + lane;
  for (var n = pixels / ${UNROLL}u; n > 0u; n--) {
    #unroll P UNROLL
    #unroll W WIDTH
    var g${P}_${W} = dy[at + ${P}u * lanes + ${8 * W}u];
    let d${P}_${W} = x[at + ${P}u * lanes + ${8 * W}u] - center${W};
    #if SIGN_FROM_X
    g${P}_${W} = select(vec4f(), g${P}_${W}, d${P}_${W} * scale${W} + shift${W} > vec4f());
    #end
    #if SIGN_FROM_Y
    g${P}_${W} = select(vec4f(), g${P}_${W}, y[at + ${P}u * lanes + ${8 * W}u] > vec4f());
    #end
    sum${W} += g${P}_${W};
    products${W} += g${P}_${W} * d${P}_${W};
    #end
    #end
    at += ${UNROLL}u * lanes;
  }
  for (var n = pixels % ${UNROLL}u; n > 0u; n--) {
    #unroll W WIDTH
    var g${W} = dy[at + ${8 * W}u];
    let d${W} = x[at + ${8 * W}u] - center${W};
    #if SIGN_FROM_X
    g${W} = select(vec4f(), g${W}, d${W} * scale${W} + shift${W} > vec4f());
    #end
    #if SIGN_FROM_Y
    g${W} = select(vec4f(), g${W}, y[at + ${8 * W}u] > vec4f());
    #end
    sum${W} += g${W};
    products${W} += g${W} * d${W};
    #end
    at += lanes;
  }
  #unroll W WIDTH
  partials[2u * chunk * lanes + lane + ${8 * W}u] = sum${W};
  partials[(2u * chunk + 1u) * lanes + lane + ${8 * W}u] = products${W};
  #end
}
