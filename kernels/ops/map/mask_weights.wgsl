// Weights of pixels, and 0 where a pixel is crop padding.
//
//   validity  u32[4·count]   0 where a pixel is padding
//   given     f32            where MAP [4·count], a weight for each pixel; where SCHEDULED [index] is the weight of all
//   weights   f32[4·count]
//
// Where neither, the weight of all is a constant.
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x
//   weight  where not MAP or SCHEDULED
//   index   where SCHEDULED
//
// Twin: kernels/reference/map/mask_weights.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  var weight = vec4f(extents.weight);
#if MAP
  weight = load_given(i);
#end
#if SCHEDULED
  weight = vec4f(load_given(extents.index));
#end
  set_weights(i, select(weight, vec4f(0), load_validity(i) == vec4u(0)));
}
