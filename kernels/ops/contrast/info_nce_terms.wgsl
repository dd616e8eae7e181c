// Each anchor's cross-entropy of its similarities, that with its class's mean being the right one; summed by class.
//
//   features      f32[classes, anchors, 4·vectors]
//   turns         u32[classes, 4]
//   similarities  vec2f[classes, anchors, 1 + negatives]   cos, 1 / (|a||b|)
//   slopes        vec2f[classes, anchors, 1 + negatives]   of b and of −a in the anchor's gradient
//   partials      vec4f[classes]                           Σ term, anchors if the class has a turn, anchors that are contrasted, 0
//
// With q = softmax(cos / temperature) − (1, 0, 0, …) over temperature, ∂term/∂a = Σ q · (b / (|a||b|) − a · cos / |a|²). A workgroup
// a class.
//
// Uniforms:
//   sharpness  1 / temperature
//
// Twin: kernels/reference/contrast/info_nce.ts

const EPSILON = 1e-8;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let all = 1u + extents.negatives;
  let some = load_turns(4u * row + 2u) != 0u;
  // Where nothing is contrasted there are no anchors.
  let anchors = select(0u, extents.anchors, some);
  var sum = 0.0;
  for (var anchor = lane; anchor < anchors; anchor += 64u) {
    let vector = (row * extents.anchors + anchor) * extents.vectors;
    var square = 0.0;
    for (var k = vector; k < vector + extents.vectors; k++) { square += dot(load_features(k), load_features(k)); }
    let inverse = select(0.0, 1.0 / square, sqrt(square) > EPSILON);
    let first = (row * extents.anchors + anchor) * all;
    var peak = load_similarities(first).x;
    for (var j = first + 1u; j < first + all; j++) { peak = max(peak, load_similarities(j).x); }
    var total = 0.0;
    for (var j = first; j < first + all; j++) { total += exp(extents.sharpness * (load_similarities(j).x - peak)); }
    sum += log(total) + extents.sharpness * (peak - load_similarities(first).x);
    for (var j = first; j < first + all; j++) {
      let similarity = load_similarities(j);
      let share = exp(extents.sharpness * (similarity.x - peak)) / total;
      let slope = extents.sharpness * (share - select(0.0, 1.0, j == first));
      set_slopes(j, vec2f(slope * similarity.y, slope * similarity.x * inverse));
    }
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane > 0u) { return; }
  for (var i = lane + 1u; i < 64u; i++) { sum += sums[i]; }
  let weight = select(0.0, f32(extents.anchors), load_turns(4u * row + 3u) > 0u);
  set_partials(row, vec4f(sum, weight, f32(anchors), 0));
}
