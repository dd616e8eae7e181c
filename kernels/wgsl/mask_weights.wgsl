// Weights of pixels, and 0 where a pixel is crop padding.
//
//   validity  u32[4·count]   0 where a pixel is padding
//   given     f32            where MAP [4·count], a weight for each pixel; where SCHEDULED [index] is the weight of all
//   weights   f32[4·count]
//
// Where neither, the weight of all is a constant.
//
// Twin: kernels/reference/mask_weights.ts

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations along x
  weight: f32, // where not MAP or SCHEDULED
  index: u32, // where SCHEDULED
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> validity: array<vec4u>;
#if MAP
@group(0) @binding(2) var<storage, read> given: array<vec4f>;
#end
#if SCHEDULED
@group(0) @binding(2) var<storage, read> given: array<f32>;
#end
@group(0) @binding(${2 + MAP + SCHEDULED}) var<storage, read_write> weights: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  var weight = vec4f(extents.weight);
#if MAP
  weight = given[i];
#end
#if SCHEDULED
  weight = vec4f(given[extents.index]);
#end
  weights[i] = select(weight, vec4f(0), validity[i] == vec4u(0));
}
