// Each sample moved along its own direction: x + length · (direction − origin) / (norm + epsilon).
//
//   x          f32[batch, pixels, lanes·4]
//   direction  f32[batch, pixels, lanes·4]   channels from `channels` on are padding
//   norms      f32[batch]                    of direction − origin
//   y          f32[batch, pixels, lanes·4]
//
// Uniforms:
//   image  vec4s of a sample
//   step   vec4s from one of an invocation to its next; a multiple of lanes
//   lanes  vec4s of a pixel
//
// Twin: kernels/reference/perturbation/step_along.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.step) { return; }
  let factor = extents.length / (load_norms(id.y) + extents.epsilon);
  let channel = vec4u(4u * (id.x % extents.lanes)) + vec4u(0, 1, 2, 3);
  let inside = channel < vec4u(extents.channels);
  let first = id.y * extents.image;
  #unroll P PIXELS
  let at${P} = id.x + ${P}u * extents.step;
  if (at${P} < extents.image) {
    let direction = load_direction(first + at${P}) - vec4f(extents.origin);
    set_y(first + at${P}, load_x(first + at${P}) + select(vec4f(), factor * direction, inside));
  }
  #end
}
