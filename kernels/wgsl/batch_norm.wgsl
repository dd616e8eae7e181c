// Batch norm, last pass: y = (x − mean) · weight / sqrt(variance + epsilon) + bias, then + residual, then ReLU.
//
//   x, residual      f32[passes, pixels, lanes·4]   `residual` is read where RESIDUAL
//   mean, variance   f32[≥ row + passes, lanes·4]   those of the first pass are in `row`
//   weight, bias     f32[lanes·4]                   zero weight and bias keep the padding zero
//   y                f32[passes, pixels, lanes·4]
//
// Twin: kernels/reference/batch_norm.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  count: u32, // vec4s of a pass
  stride: u32, // invocations along x, as one axis of a dispatch is limited
  step: u32, // vec4s from one pixel of an invocation to its next; a multiple of lanes
  epsilon: f32,
  row: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> residual: array<vec4f>;
@group(0) @binding(3) var<storage, read> mean: array<vec4f>;
@group(0) @binding(4) var<storage, read> variance: array<vec4f>;
@group(0) @binding(5) var<storage, read> weight: array<vec4f>;
@group(0) @binding(6) var<storage, read> bias: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.step) { return; }
  let lane = i % extents.lanes;
  let moments = (extents.row + id.z) * extents.lanes + lane;
  let center = mean[moments];
  let scale = weight[lane] * (1.0 / sqrt(variance[moments] + extents.epsilon));
  let shift = bias[lane];
  let origin = id.z * extents.count;
  #unroll P PIXELS
  let offset${P} = i + ${P}u * extents.step;
  if (offset${P} < extents.count) {
    let at = origin + offset${P};
    var value = (x[at] - center) * scale + shift;
    #if RESIDUAL
    value += residual[at];
    #end
    #if RELU
    value = max(value, vec4f());
    #end
    y[at] = value;
  }
  #end
}
