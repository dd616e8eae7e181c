// CutMix: inside a sample's boxes, of which each toggles, the content of its partner, elsewhere its own. One invocation an element.
//
//   input  element[batch, height, width, vectors]
//   inner  element[partners, height, width, vectors]
//   boxes  u32[batch, 4·count + 4]                  x0, y0, x1, y1 of each; the ends are outside; then the partner in `inner`
//   mixed  element[batch, height, width, vectors]
//
// An element is a u32 (VECTOR 0; also an f32, whose bits are only moved) or a vec4u (VECTOR 1).
//
// Twin: kernels/reference/mix_boxes.ts

struct Extents {
  width: u32,
  height: u32,
  vectors: u32, // elements a pixel
  count: u32, // boxes a sample
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(3) var<storage, read> boxes: array<vec4u>;
#if VECTOR
@group(0) @binding(1) var<storage, read> input: array<vec4u>;
@group(0) @binding(2) var<storage, read> inner: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> mixed: array<vec4u>;
#end
#if 1 - VECTOR
@group(0) @binding(1) var<storage, read> input: array<u32>;
@group(0) @binding(2) var<storage, read> inner: array<u32>;
@group(0) @binding(4) var<storage, read_write> mixed: array<u32>;
#end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.width * extents.vectors) { return; }
  let x = id.x / extents.vectors;
  let first = (extents.count + 1u) * id.z;
  var inside = false;
  for (var k = 0u; k < extents.count; k++) {
    let box = boxes[first + k];
    inside = inside != (x >= box.x && x < box.z && id.y >= box.y && id.y < box.w);
  }
  let row = extents.width * extents.vectors;
  let at = (id.z * extents.height + id.y) * row + id.x;
  if (inside) {
    let partner = boxes[first + extents.count].x;
    mixed[at] = inner[(partner * extents.height + id.y) * row + id.x];
  } else {
    mixed[at] = input[at];
  }
}
