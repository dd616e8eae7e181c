// Batch norm, backward, first pass: sums over a chunk of pixels, for each channel.
//
//   dy, x                          f32[pixels, lanes·4]
//   y                              f32[pixels, lanes·4]       read where SIGN_FROM_Y
//   mean, variance, weight, bias   f32[lanes·4]
//   partials                       f32[chunks, 2, lanes·4]    sum of dy', sum of dy' · (x − mean)
//
// dy' is dy where the ReLU let the value pass. Without a residual, x tells that too, and y is not read.
//
// Twin: kernels/reference/batch_norm.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  pixels: u32,
  chunk_pixels: u32,
  chunks: u32,
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
  let lane = id.x % lanes;
  let chunk = id.x / lanes;
  if (chunk >= extents.chunks) { return; }
  let first = chunk * extents.chunk_pixels;
  let pixels = min(extents.chunk_pixels, extents.pixels - first);

  let center = mean[lane];
  let scale = weight[lane] * (1.0 / sqrt(variance[lane] + extents.epsilon));
  let shift = bias[lane];
  var sum = vec4f();
  var products = vec4f();
  var at = first * lanes + lane;
  for (var n = pixels / 4u; n > 0u; n--) {
    #unroll P 4
    var g${P} = dy[at + ${P}u * lanes];
    let d${P} = x[at + ${P}u * lanes] - center;
    #if SIGN_FROM_X
    g${P} = select(vec4f(), g${P}, d${P} * scale + shift > vec4f());
    #end
    #if SIGN_FROM_Y
    g${P} = select(vec4f(), g${P}, y[at + ${P}u * lanes] > vec4f());
    #end
    #end
    sum += (g0 + g1) + (g2 + g3);
    products += (g0 * d0 + g1 * d1) + (g2 * d2 + g3 * d3);
    at += 4u * lanes;
  }
  for (var n = pixels % 4u; n > 0u; n--) {
    var g = dy[at];
    let d = x[at] - center;
    #if SIGN_FROM_X
    g = select(vec4f(), g, d * scale + shift > vec4f());
    #end
    #if SIGN_FROM_Y
    g = select(vec4f(), g, y[at] > vec4f());
    #end
    sum += g;
    products += g * d;
    at += lanes;
  }
  partials[2u * chunk * lanes + lane] = sum;
  partials[(2u * chunk + 1u) * lanes + lane] = products;
}
