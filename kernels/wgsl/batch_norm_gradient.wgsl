// Batch norm, backward, last pass: dx, and where RESIDUAL_GRADIENT the residual's gradient dy'.
//
//   dy, x            f32[passes, pixels, lanes·4]
//   y                f32[passes, pixels, lanes·4]   read where SIGN_FROM_Y
//   mean, variance   f32[passes, lanes·4]
//   weight, bias     f32[lanes·4]
//   sums             f32[passes, 2, lanes·4]        sum of dy', sum of dy' · xhat; read where TRAINING
//   dx, dresidual    f32[passes, pixels, lanes·4]
//
// dy' is dy where the ReLU let the value pass;
// dx = weight / std · (dy' − mean(dy') − xhat · mean(dy' · xhat)), without the means where not TRAINING.
//
// Twin: kernels/reference/batch_norm.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  count: u32, // vec4s of a pass
  stride: u32, // invocations along x, as one axis of a dispatch is limited
  step: u32, // vec4s from one pixel of an invocation to its next; a multiple of lanes
  epsilon: f32,
  pixels: f32, // of a pass
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
  let moments = id.z * extents.lanes + lane;
  let center = mean[moments];
  let inverse = 1.0 / sqrt(variance[moments] + extents.epsilon);
  let scale = weight[lane] * inverse;
  let shift = bias[lane];
  let origin = id.z * extents.count;
  #if TRAINING
  let mean_gradient = sums[moments + id.z * extents.lanes] / extents.pixels;
  let slope = sums[moments + (id.z + 1u) * extents.lanes] / extents.pixels * inverse;
  #end
  #unroll P PIXELS
  let offset${P} = i + ${P}u * extents.step;
  if (offset${P} < extents.count) {
    let at = origin + offset${P};
    var g = dy[at];
    let d = x[at] - center;
    #if SIGN_FROM_X
    g = select(vec4f(), g, d * scale + shift > vec4f());
    #end
    #if SIGN_FROM_Y
    g = select(vec4f(), g, y[at] > vec4f());
    #end
    #if RESIDUAL_GRADIENT
    dresidual[at] = g;
    #end
    #if TRAINING
    g -= mean_gradient + d * slope;
    #end
    dx[at] = g * scale;
  }
  #end
}
