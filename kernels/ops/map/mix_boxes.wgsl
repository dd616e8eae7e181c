// CutMix: inside a sample's boxes, of which each toggles, the content of its partner, elsewhere its own; or, where PASTED, each
// box has a partner of its own, and covers the boxes before it. One invocation an element.
//
//   input  element[batch, height, width, vectors]
//   inner  element[partners, height, width, vectors]
//   boxes  u32[batch, 4·count + 4]                  x0, y0, x1, y1 of each; the ends are outside; then the partner in `inner`
//   boxes  u32[batch, count, 8]                     where PASTED: x0, y0, x1, y1, partner
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
  var inside = false;
  #if PASTED
  let first = 2u * extents.count * id.z;
  var partner = 0u;
  for (var k = 0u; k < extents.count; k++) {
    let box = load_boxes(first + 2u * k);
    if ((x >= box.x) & (x < box.z) & (id.y >= box.y) & (id.y < box.w)) {
      inside = true;
      partner = load_boxes(first + 2u * k + 1u).x;
    }
  }
  #else
  let first = (extents.count + 1u) * id.z;
  for (var k = 0u; k < extents.count; k++) {
    let box = load_boxes(first + k);
    inside = inside != (x >= box.x && x < box.z && id.y >= box.y && id.y < box.w);
  }
  #end
  let row = extents.width * extents.vectors;
  let at = (id.z * extents.height + id.y) * row + id.x;
  if (inside) {
    #if 1 - PASTED
    let partner = load_boxes(first + extents.count).x;
    #end
    set_mixed(at, load_inner((partner * extents.height + id.y) * row + id.x));
  } else {
    set_mixed(at, load_input(at));
  }
}
