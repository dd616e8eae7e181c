// CutMix: inside sample i's box the content of sample batch − 1 − i, elsewhere its own. One invocation an element.
//
//   input  element[batch, height, width, vectors]
//   boxes  u32[batch, 4]                            x0, y0, x1, y1; the ends are outside
//   mixed  element[batch, height, width, vectors]
//
// An element is a u32 (VECTOR 0; also an f32, whose bits are only moved) or a vec4u (VECTOR 1).
//
// Twin: kernels/reference/mix_boxes.ts

struct Extents {
  width: u32,
  height: u32,
  vectors: u32, // elements a pixel
  batch: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(2) var<storage, read> boxes: array<vec4u>;
#if VECTOR
@group(0) @binding(1) var<storage, read> input: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> mixed: array<vec4u>;
#end
#if 1 - VECTOR
@group(0) @binding(1) var<storage, read> input: array<u32>;
@group(0) @binding(3) var<storage, read_write> mixed: array<u32>;
#end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.width * extents.vectors) { return; }
  let x = id.x / extents.vectors;
  let box = boxes[id.z];
  let inside = x >= box.x && x < box.z && id.y >= box.y && id.y < box.w;
  let from_ = select(id.z, extents.batch - 1u - id.z, inside);
  let row = extents.width * extents.vectors;
  mixed[(id.z * extents.height + id.y) * row + id.x] = input[(from_ * extents.height + id.y) * row + id.x];
}
