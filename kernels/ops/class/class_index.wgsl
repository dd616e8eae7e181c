// Notes which classes images hold. One invocation a class, so that of an image that stands in several places the last one counts.
//
//   counts  u32[places, classes]   pixels of each class
//   images  f32[places]            which image stands there
//   index   f32[classes, total]    1 where an image holds a class, else 0; those of other images stay
//
// Uniforms:
//   least   pixels that make an image hold a class
//
// Twin: kernels/reference/class/class_index.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let class_number = id.x;
  if (class_number >= extents.classes) { return; }
  let end = extents.places * extents.classes;
  for (var at = class_number; at < end; at += extents.classes) {
    let image = u32(load_images(at / extents.classes));
    let holds = load_counts(at) >= extents.least;
    if (image < extents.total) { set_index(class_number * extents.total + image, select(0.0, 1.0, holds)); }
  }
}
