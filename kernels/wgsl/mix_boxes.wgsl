// CutMix: inside a sample's box the content of its partner, elsewhere its own. One invocation an element.
//
//   input  element[batch, height, width, vectors]
//   inner  element[partners, height, width, vectors]
//   boxes  u32[batch, 8]                            x0, y0, x1, y1; the ends are outside; the partner, a place in `inner`
//   mixed  element[batch, height, width, vectors]
//
// An element is a u32 (VECTOR 0; also an f32, whose bits are only moved) or a vec4u (VECTOR 1).
//
// Twin: kernels/reference/mix_boxes.ts

struct Extents {
  width: u32,
  height: u32,
  vectors: u32, // elements a pixel
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
  let box = boxes[2u * id.z];
  let row = extents.width * extents.vectors;
  let at = (id.z * extents.height + id.y) * row + id.x;
  if (x >= box.x && x < box.z && id.y >= box.y && id.y < box.w) {
    let partner = boxes[2u * id.z + 1u].x;
    mixed[at] = inner[(partner * extents.height + id.y) * row + id.x];
  } else {
    mixed[at] = input[at];
  }
}
