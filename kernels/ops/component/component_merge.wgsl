// Joins what touches across the border of two strips of rows, corners included: of two components the one that begins first, in the order
// of a raster, is the other's parent. One invocation a border: no other one walks in its two strips.
//
//   parents  u32[images, height, width]   a pixel's ancestors lie in its strip; at first each is a root or the child of one
//
// Runs that touch are joined once: where the lower one begins, or where the upper one does, whichever is farther right. Paths are
// halved as they are walked.
//
// Uniforms:
//   borders  of an image
//   count    of all images
//   stride   invocations along x
//   strip    rows of a strip; the last one of an image may have fewer
//
// Twin: kernels/reference/component/component_boxes.ts

const NONE = 0xffffffffu;

fn root_of(image: u32, place: u32) -> u32 {
  var at = place;
  var parent = load_parents(image + at);
  while (parent != at) {
    let next = load_parents(image + parent);
    set_parents(image + at, next);
    at = next;
    parent = load_parents(image + at);
  }
  return at;
}

fn join(image: u32, one: u32, other: u32) {
  let a = root_of(image, one);
  let b = root_of(image, other);
  set_parents(image + max(a, b), min(a, b));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.y * extents.stride + id.x;
  if (index >= extents.count) { return; }
  let image = index / extents.borders * extents.height * extents.width;
  let border = (index % extents.borders * 2u + 1u) * extents.strip * extents.width;
  let end = border + extents.width;
  // Whether there is a pixel of the class.
  var above_left = false;
  var left = false;
  var above = load_parents(image + border - extents.width) != NONE;
  for (var at = border; at < end; at++) {
    let own = load_parents(image + at) != NONE;
    let upper = at - extents.width;
    var above_right = false;
    if (at + 1u < end) { above_right = load_parents(image + upper + 1u) != NONE; }
    if (own) {
      if (above) {
        if (!left) { join(image, at, upper); }
      } else {
        if (above_left & !left) { join(image, at, upper - 1u); }
        if (above_right) { join(image, at, upper + 1u); }
      }
    }
    above_left = above;
    above = above_right;
    left = own;
  }
}
