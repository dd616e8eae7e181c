// Makes each pixel the child of its root.
//
//   parents  u32[images, height, width]
//   roots    u32[images, height, width]
//
// Uniforms:
//   total   pixels of all images
//   stride  invocations along x
//   pixels  of an image
//
// Twin: kernels/reference/component/component_boxes.ts

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.total) { return; }
  let image = i / extents.pixels * extents.pixels;
  var at = load_parents(i);
  if (at != NONE) {
    var parent = load_parents(image + at);
    while (parent != at) {
      at = parent;
      parent = load_parents(image + at);
    }
  }
  set_roots(i, at);
}
