// The component of each row, of those that begin there and are large enough, that was drawn first. One invocation a row.
//
//   roots   u32[images, height, width]
//   sizes   u32[images, height, width]   at the roots
//   begun   u32[images, height]          components that begin in a row
//   draws   f32[images, most]            of an image's components, in the order of their first pixels: the least draw comes first
//   drawn   u32[images, height]          a root, or NONE
//   first   f32[images, height]          its draw, or 2
//
// Uniforms:
//   rows    of all images
//   stride  invocations along x
//   most    components that an image may have
//   least   pixels that make one large enough
//
// Twin: kernels/reference/component/component_boxes.ts

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * extents.stride + id.x;
  if (row >= extents.rows) { return; }
  let image = row / extents.height;
  let origin = image * extents.height * extents.width;
  var number = image * extents.most;
  for (var before = image * extents.height; before < row; before++) { number += load_begun(before); }
  var root = NONE;
  var least = 2.0;
  let end = (row + 1u) * extents.width;
  for (var at = row * extents.width; at < end; at++) {
    if (load_roots(at) == at - origin) {
      let draw = load_draws(number);
      number++;
      if ((load_sizes(at) >= extents.least) & (draw < least)) {
        root = at - origin;
        least = draw;
      }
    }
  }
  set_drawn(row, root);
  set_first(row, least);
}
