// The columns in each row of the component that was drawn first of all. One invocation a row.
//
//   roots  u32[images, height, width]
//   drawn  u32[images, height]          see component_draw.wgsl
//   first  f32[images, height]
//   left   u32[images, height]          its first column; `width` where it has none
//   right  u32[images, height]          the column after its last; 0 where it has none
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
  let image = row / extents.height * extents.height;
  var root = NONE;
  var least = 2.0;
  for (var other = image; other < image + extents.height; other++) {
    let draw = load_first(other);
    if (draw < least) {
      root = load_drawn(other);
      least = draw;
    }
  }
  var left = extents.width;
  var right = 0u;
  let begin = row * extents.width;
  for (var at = begin; at < begin + extents.width; at++) {
    let own = load_roots(at);
    if ((own == root) & (own != NONE)) {
      left = min(left, at - begin);
      right = at - begin + 1u;
    }
  }
  set_left(row, left);
  set_right(row, right);
}
