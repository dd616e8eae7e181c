// CutMix: inside a sample's boxes, of which each toggles, the content of its partner, elsewhere its own. One invocation an element.
//
//   input  element[batch, height, width, vectors]
//   inner  element[partners, height, width, vectors]
//   boxes  u32[batch, 4·count + 4]                  x0, y0, x1, y1 of each; the ends are outside; then the partner in `inner`
//   mixed  element[batch, height, width, vectors]
//
// An element is a u32 (VECTOR 0; also an f32, whose bits are only moved) or a vec4u (VECTOR 1).
//
// Uniforms:
//   vectors  elements a pixel
//   count    boxes a sample
//
// Twin: kernels/reference/map/mix_boxes.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.width * extents.vectors) { return; }
  let x = id.x / extents.vectors;
  let first = (extents.count + 1u) * id.z;
  var inside = false;
  for (var k = 0u; k < extents.count; k++) {
    let box = load_boxes(first + k);
    inside = inside != (x >= box.x && x < box.z && id.y >= box.y && id.y < box.w);
  }
  let row = extents.width * extents.vectors;
  let at = (id.z * extents.height + id.y) * row + id.x;
  if (inside) {
    let partner = load_boxes(first + extents.count).x;
    set_mixed(at, load_inner((partner * extents.height + id.y) * row + id.x));
  } else {
    set_mixed(at, load_input(at));
  }
}
