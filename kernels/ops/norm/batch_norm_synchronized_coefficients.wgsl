// Batch norm, backward, where a batch lies in several parts, which are equally large: the means of gradients over all of them.
//
//   all           f32[parts, passes, 5, lanes·4]   as batch_norm_parameter_gradient.wgsl leaves them for each part by itself
//   coefficients  f32[passes, 5, lanes·4]          the first three, which are equal in all; of the last two the mean over the
//                                                  parts, in their order
//
// Uniforms:
//   count  vec4s of a part
//
// Twin: kernels/reference/norm/batch_norm.ts, on the whole batch

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= extents.count) { return; }
  var sum = load_all(i);
  if (i / extents.lanes % 5u > 2u) {
    for (var part = 1u; part < extents.parts; part++) { sum += load_all(part * extents.count + i); }
    sum /= f32(extents.parts);
  }
  set_coefficients(i, sum);
}
