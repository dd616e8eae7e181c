// Links the pixels of a class along each row: to the first pixel of their run. One invocation a row.
//
//   labels   u32[images, height, width]
//   wanted   f32[images]                  the class of each image
//   parents  u32[images, height, width]   place in the image; NONE where a pixel is of another class
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
  let image = row / extents.height;
  let wanted = u32(load_wanted(image));
  let origin = image * extents.height * extents.width;
  let end = (row + 1u) * extents.width;
  var first = NONE;
  for (var at = row * extents.width; at < end; at++) {
    if (load_labels(at) == wanted) {
      first = min(first, at - origin);
    } else {
      first = NONE;
    }
    set_parents(at, first);
  }
}
