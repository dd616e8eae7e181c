// The gradient of each of a class's drawn anchors.
//
//   features         f32[classes, anchors, 4·vectors]
//   turns, means, drawn_negatives, queue              see info_nce_others.wgsl
//   slopes           vec2f[classes, anchors, 1 + negatives]   of b and of −a
//   scale            f32[4]                                   [0]: 1 / denominator of the loss
//   gradients        f32[classes, anchors, 4·vectors]         left as they are where nothing is contrasted
//
// Uniforms:
//   row     the class whose queue it is
//   size    keys that the queue holds
//   weight  of the loss
//   stride  invocations along x
//
// Twin: kernels/reference/contrast/info_nce.ts

#include info_nce_others.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  let anchor = i / extents.vectors;
  let vector = i % extents.vectors;
  if ((anchor >= extents.anchors) | (load_turns(4u * extents.row + 2u) == 0u)) { return; }
  let all = 1u + extents.negatives;
  let first = (extents.row * extents.anchors + anchor) * all;
  var others = vec4f();
  var own = 0.0;
  for (var j = first; j < first + all; j++) {
    let slope = load_slopes(j);
    let number = j - first;
    others += slope.x * other(anchor, number, place_of(anchor, number), vector);
    own += slope.y;
  }
  let at = (extents.row * extents.anchors + anchor) * extents.vectors + vector;
  set_gradients(at, extents.weight * load_scale(0) * (others - own * load_features(at)));
}
