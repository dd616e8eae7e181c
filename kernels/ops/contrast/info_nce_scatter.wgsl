// Adds the gradients of a class's drawn anchors to those of their pixels, in the order of the draws.
//
//   turns          u32[classes, 4]
//   drawn_anchors  u32[classes, anchors]               pixels, which may be drawn more than once
//   gradients      f32[classes, anchors, 4·vectors]
//   dx, du         f32[split, 4·vectors], f32[…, 4·vectors]   added to
//
// The first anchor of a pixel adds all of that pixel's: no two invocations meet.
//
// Uniforms:
//   row     the class whose queue it is
//   stride  invocations along x
//
// Twin: kernels/reference/contrast/info_nce.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  let anchor = i / extents.vectors;
  let vector = i % extents.vectors;
  if ((anchor >= extents.anchors) | (load_turns(4u * extents.row + 2u) == 0u)) { return; }
  let first = extents.row * extents.anchors;
  let pixel = load_drawn_anchors(first + anchor);
  for (var k = first; k < first + anchor; k++) {
    if (load_drawn_anchors(k) == pixel) { return; }
  }
  var sum = vec4f();
  for (var k = first + anchor; k < first + extents.anchors; k++) {
    if (load_drawn_anchors(k) == pixel) { sum += load_gradients(k * extents.vectors + vector); }
  }
  if (pixel < extents.split) {
    let at = pixel * extents.vectors + vector;
    set_dx(at, load_dx(at) + sum);
  } else {
    let at = (pixel - extents.split) * extents.vectors + vector;
    set_du(at, load_du(at) + sum);
  }
}
