// Batch norm, backward, last pass: dx, and where RESIDUAL_GRADIENT the residual's gradient dy'.
//
//   dy, x                          f32[pixels, lanes·4]
//   y                              f32[pixels, lanes·4]   read where SIGN_FROM_Y
//   mean, variance, weight, bias   f32[lanes·4]
//   sums                           f32[2, lanes·4]        sum of dy', sum of dy' · xhat; read where TRAINING
//   dx, dresidual                  f32[pixels, lanes·4]
//
// dy' is dy where the ReLU let the value pass;
// dx = weight / std · (dy' − mean(dy') − xhat · mean(dy' · xhat)), without the means where not TRAINING.
//
// Twin: kernels/reference/batch_norm.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  count: u32, // vec4s in all
  stride: u32, // invocations along x, as one axis of a dispatch is limited
  step: u32, // vec4s from one pixel of an invocation to its next; a multiple of lanes
  epsilon: f32,
  pixels: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> y: array<vec4f>;
@group(0) @binding(4) var<storage, read> mean: array<vec4f>;
@group(0) @binding(5) var<storage, read> variance: array<vec4f>;
@group(0) @binding(6) var<storage, read> weight: array<vec4f>;
@group(0) @binding(7) var<storage, read> bias: array<vec4f>;
@group(0) @binding(8) var<storage, read> sums: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> dx: array<vec4f>;
#if RESIDUAL_GRADIENT
@group(0) @binding(10) var<storage, read_write> dresidual: array<vec4f>;
#end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.step) { return; }
  let lane = i % extents.lanes;
  let center = mean[lane];
  let inverse = 1.0 / sqrt(variance[lane] + extents.epsilon);
  let scale = weight[lane] * inverse;
  let shift = bias[lane];
  #if TRAINING
  let mean_gradient = sums[lane] / extents.pixels;
  let slope = sums[extents.lanes + lane] / extents.pixels * inverse;
  #end
  #unroll P PIXELS
  let at${P} = i + ${P}u * extents.step;
  if (at${P} < extents.count) {
    var g = dy[at${P}];
    let d = x[at${P}] - center;
    #if SIGN_FROM_X
    g = select(vec4f(), g, d * scale + shift > vec4f());
    #end
    #if SIGN_FROM_Y
    g = select(vec4f(), g, y[at${P}] > vec4f());
    #end
    #if RESIDUAL_GRADIENT
    dresidual[at${P}] = g;
    #end
    #if TRAINING
    g -= mean_gradient + d * slope;
    #end
    dx[at${P}] = g * scale;
  }
  #end
}
