// Batch norm, backward, last pass: dx, and where RESIDUAL_GRADIENT the residual's gradient dy'.
//
//   dy, x            f32[passes, pixels, lanes·4]
//   y                f32[passes, pixels, lanes·4]   read where SIGN_FROM_Y
//   coefficients     f32[passes, 5, lanes·4]        as batch_norm_parameter_gradient.wgsl leaves them; the last two are read
//                                                   where TRAINING
//   dx, dresidual    f32[passes, pixels, lanes·4]
//
// dy' is dy where the ReLU let the value pass;
// dx = weight / std · (dy' − mean(dy') − xhat · mean(dy' · xhat)), without the means where not TRAINING.
//
// Uniforms:
//   lanes   vec4s of a pixel
//   count   vec4s of a pass
//   stride  invocations along x, as one axis of a dispatch is limited
//   step    vec4s from one pixel of an invocation to its next; a multiple of lanes
//
// Twin: kernels/reference/norm/batch_norm.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.step) { return; }
  let lane = i % extents.lanes;
  let channel = 5u * id.z * extents.lanes + lane;
  let center = load_coefficients(channel);
  let scale = load_coefficients(channel + extents.lanes);
  let shift = load_coefficients(channel + 2u * extents.lanes);
  let origin = id.z * extents.count;
  #if TRAINING
  let mean_gradient = load_coefficients(channel + 3u * extents.lanes);
  let slope = load_coefficients(channel + 4u * extents.lanes);
  #end
  #unroll P PIXELS
  let offset${P} = i + ${P}u * extents.step;
  if (offset${P} < extents.count) {
    let at = origin + offset${P};
    var g = load_dy(at);
    let d = load_x(at) - center;
    #if SIGN_FROM_X
    g = select(vec4f(), g, d * scale + shift > vec4f());
    #end
    #if SIGN_FROM_Y
    g = select(vec4f(), g, load_y(at) > vec4f());
    #end
    #if RESIDUAL_GRADIENT
    set_dresidual(at, g);
    #end
    #if TRAINING
    g -= mean_gradient + d * slope;
    #end
    set_dx(at, g * scale);
  }
  #end
}
