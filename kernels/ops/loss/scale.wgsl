// A tensor times a number that is on the device, padding included.
//
//   x        f32[count·4]
//   factors  f32            [index] is the number
//   y        f32[count·4]   x · factors[index]
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x
//
// Twin: kernels/reference/loss/scale.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  set_y(i, load_factors(extents.index) * load_x(i));
}
