// Gathers the features of the drawn anchors.
//
//   x, u           see pixel_features.wgsl
//   turns          u32[classes, 4]                        info_nce_turns.wgsl
//   drawn_anchors  u32[classes, anchors]                  pixels
//   features       f32[classes, anchors, 4·vectors]       left as they are where nothing is contrasted
//
// Uniforms:
//   total    vec4s of all
//   anchors  of a class
//   stride   invocations along x
//
// Twin: kernels/reference/contrast/info_nce.ts

#include pixel_features.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.total) { return; }
  let anchor = i / extents.vectors;
  if (load_turns(4u * (anchor / extents.anchors) + 2u) == 0u) { return; }
  set_features(i, feature(load_drawn_anchors(anchor), i % extents.vectors));
}
