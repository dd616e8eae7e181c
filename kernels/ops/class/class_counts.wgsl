// Counts the pixels of each class in each image. One invocation a row.
//
//   labels  u32[images, height, width]
//   counts  u32[images, turns, classes]   added to
//
// A row's runs of equal labels are added at once; integers commute, so that the counts do not depend on the order.
//
// Uniforms:
//   rows    of all images
//   turns   lists of images that take turns; turn: which of them this is
//   stride  invocations along x
//
// Twin: kernels/reference/class/class_index.ts

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * extents.stride + id.x;
  if (row >= extents.rows) { return; }
  let image = (row / extents.height * extents.turns + extents.turn) * extents.classes;
  var label = NONE;
  var length = 0u;
  let end = (row + 1u) * extents.width;
  for (var at = row * extents.width; at < end; at++) {
    let own = load_labels(at);
    if (own != label) {
      if (label < extents.classes) { atomicAdd(&counts[image + label], length); }
      label = own;
      length = 0u;
    }
    length++;
  }
  if (label < extents.classes) { atomicAdd(&counts[image + label], length); }
}
