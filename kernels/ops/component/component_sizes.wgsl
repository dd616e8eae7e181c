// Counts the pixels of each component, at its root, and the roots of each row. One invocation a row.
//
//   roots  u32[images, height, width]
//   sizes  u32[images, height, width]   added to
//   begun  u32[images, height]          components whose first pixel is in the row
//
// A run is added at once; integers commute, so that the sizes do not depend on the order.
//
// Uniforms:
//   rows    of all images
//   stride  invocations along x
//
// Twin: kernels/reference/component/component_boxes.ts

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * extents.stride + id.x;
  if (row >= extents.rows) { return; }
  let image = row / extents.height * extents.height * extents.width;
  let end = (row + 1u) * extents.width;
  var root = NONE;
  var length = 0u;
  var begun = 0u;
  for (var at = row * extents.width; at < end; at++) {
    let own = load_roots(at);
    if (own != root) {
      if (root != NONE) { atomicAdd(&sizes[image + root], length); }
      root = own;
      length = 0u;
    }
    length++;
    begun += u32(own == at - image);
  }
  if (root != NONE) { atomicAdd(&sizes[image + root], length); }
  set_begun(row, begun);
}
