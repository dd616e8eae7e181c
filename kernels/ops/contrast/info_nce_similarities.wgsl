// Cosines of a class's anchors with the mean of their class and with their keys.
//
//   features         f32[classes, anchors, 4·vectors]
//   turns, means, drawn_negatives, queue              see info_nce_others.wgsl
//   similarities     vec2f[classes, anchors, 1 + negatives]   cos, 1 / (|a||b|)
//
// Norms are at least EPSILON.
//
// Uniforms:
//   row     the class whose queue it is
//   size    keys that the queue holds
//   stride  invocations along x
//
// Twin: kernels/reference/contrast/info_nce.ts

#include info_nce_others.wgsl

const EPSILON = 1e-8;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  let all = 1u + extents.negatives;
  let anchor = i / all;
  let number = i % all;
  if ((anchor >= extents.anchors) | (load_turns(4u * extents.row + 2u) == 0u)) { return; }
  let first = (extents.row * extents.anchors + anchor) * extents.vectors;
  let place = place_of(anchor, number);
  var products = vec3f();
  for (var k = first; k < first + extents.vectors; k++) {
    let a = load_features(k);
    let b = other(anchor, number, place, k - first);
    products += vec3f(dot(a, b), dot(a, a), dot(b, b));
  }
  let norms = max(sqrt(products.yz), vec2f(EPSILON));
  let inverse = 1.0 / (norms.x * norms.y);
  set_similarities((extents.row * extents.anchors + anchor) * all + number, vec2f(products.x * inverse, inverse));
}
