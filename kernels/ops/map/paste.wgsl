// Where a mask is not 0 another image's element, elsewhere one's own.
//
//   own, inner  element[pixels, vectors]
//   mask        u32[pixels]
//   pasted      element[pixels, vectors]
//
// An element is a u32 (also an f32, whose bits are only moved) or a vec4u.
//
// Uniforms:
//   count    elements
//   stride   invocations along x
//   vectors  elements a pixel
//
// Twin: kernels/reference/map/paste.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  if (load_mask(i / extents.vectors) != 0) {
    set_pasted(i, load_inner(i));
  } else {
    set_pasted(i, load_own(i));
  }
}
