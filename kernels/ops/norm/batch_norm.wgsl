// Batch norm, last pass: y = (x − mean) · weight / deviation + bias, then + residual, then ReLU; the deviation is
// batch_norm_law.wgsl's.
//
//   x, residual      f32[passes, pixels, lanes·4]   `residual` is read where RESIDUAL
//   mean, variance   f32[≥ row + passes, lanes·4]   those of the first pass are in `row`
//   weight, bias     f32[lanes·4]                   zero weight and bias keep the padding zero
//   y                f32[passes, pixels, lanes·4]
//
// Uniforms:
//   lanes   vec4s of a pixel
//   count   vec4s of a pass
//   stride  invocations along x, as one axis of a dispatch is limited
//   step    vec4s from one pixel of an invocation to its next; a multiple of lanes
//
// Twin: kernels/reference/norm/batch_norm.ts

#include batch_norm_law.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.step) { return; }
  let lane = i % extents.lanes;
  let moments = (extents.row + id.z) * extents.lanes + lane;
  let center = load_mean(moments);
  let scale = weight_of(lane) * (1.0 / deviation_of(load_variance(moments)));
  let shift = load_bias(lane);
  let origin = id.z * extents.count;
  #unroll P PIXELS
  let offset${P} = i + ${P}u * extents.step;
  if (offset${P} < extents.count) {
    let at = origin + offset${P};
    var value = (load_x(at) - center) * scale + shift;
    #if RESIDUAL
    value += load_residual(at);
    #end
    #if RELU
    value = max(value, vec4f());
    #end
    set_y(at, value);
  }
  #end
}
