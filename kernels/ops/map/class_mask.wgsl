// Which pixels are of certain classes, in certain images.
//
//   labels   u32[images · pixels]
//   classes  f32[count]            not 0: the class is wanted
//   images   f32[images]           not 0: the image is
//   mask     u32[images · pixels]  1 where both are, else 0
//
// Uniforms:
//   total   pixels of all images
//   stride  invocations along x
//   pixels  of an image
//   count   classes; a label that is none is not wanted
//
// Twin: kernels/reference/map/class_mask.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.total) { return; }
  let label = load_labels(i);
  var wanted = 0u;
  if (label < extents.count) {
    wanted = u32((load_classes(label) != 0) & (load_images(i / extents.pixels) != 0));
  }
  set_mask(i, wanted);
}
