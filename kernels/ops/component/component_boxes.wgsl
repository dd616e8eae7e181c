// The box around what has columns in some rows, or another one where nothing has. One invocation an image.
//
//   left       u32[images, height]   see component_extents.wgsl
//   right      u32[images, height]
//   otherwise  vec4u[images, 2]      a table for mix_boxes.wgsl of one box
//   boxes      vec4u[images, 2]      another one
//
// Twin: kernels/reference/component/component_boxes.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.images) { return; }
  var box = vec4u(0xffffffffu, 0, 0, 0);
  let begin = id.x * extents.height;
  for (var row = begin; row < begin + extents.height; row++) {
    let y = row - begin;
    let right = load_right(row);
    if (right > 0u) {
      if (box.w == 0u) { box.y = y; }
      box = vec4u(min(box.x, load_left(row)), box.y, max(box.z, right), y + 1u);
    }
  }
  set_boxes(2u * id.x, select(box, load_otherwise(2u * id.x), vec4<bool>(box.w == 0u)));
  set_boxes(2u * id.x + 1u, load_otherwise(2u * id.x + 1u));
}
