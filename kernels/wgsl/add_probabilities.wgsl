// Adds a window's class probabilities, softmax(scale · logits), to those of an image that the window is part of.
//
//   logits  f32[batch, height, width, 4·vectors]        channels from `classes` on are padding and take no part
//   totals  f32[batch, to_height, to_width, 4·vectors]  added to; padding gets 0
//
// Only the window's rows from `first_row` on and its columns from `first_column` on are added, `columns` of each row and as
// many rows as the dispatch has: the part that lies within the totals. One invocation a pixel.
//
// Twin: kernels/reference/add_probabilities.ts

struct Extents {
  vectors: u32, // vec4s a pixel
  classes: u32,
  height: u32,
  width: u32,
  first_row: u32,
  first_column: u32,
  columns: u32,
  to_height: u32,
  to_width: u32,
  to_row: u32, // where the first added row lies in the totals
  to_column: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> totals: array<vec4f>;

const LOWEST = -3.0e38;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.columns) { return; }
  let row = id.z * extents.height + extents.first_row + id.y;
  let to_row = id.z * extents.to_height + extents.to_row + id.y;
  let first = (row * extents.width + extents.first_column + id.x) * extents.vectors;
  let to = (to_row * extents.to_width + extents.to_column + id.x) * extents.vectors;
  var peak = LOWEST;
  var total = 0.0;
  var channel = vec4u(0, 1, 2, 3);
  for (var k = 0u; k < extents.vectors; k++) {
    let value = select(vec4f(LOWEST), extents.scale * logits[first + k], channel < vec4u(extents.classes));
    let higher = max(max(max(value.x, value.y), max(value.z, value.w)), peak);
    total = total * exp(peak - higher) + dot(exp(value - higher), vec4f(1));
    peak = higher;
    channel += vec4u(4);
  }
  channel = vec4u(0, 1, 2, 3);
  for (var k = 0u; k < extents.vectors; k++) {
    let value = exp(extents.scale * logits[first + k] - peak) / total;
    totals[to + k] += select(vec4f(0), value, channel < vec4u(extents.classes));
    channel += vec4u(4);
  }
}
