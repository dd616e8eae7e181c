// Draws anchors and, for each, keys, all with replacement: number ⌊u · count⌋ of those that there are.
//
//   turns            u32[classes, 4]                       info_nce_turns.wgsl
//   places           u32[classes, columns]                 anchors of each class, in order
//   counts           u32[classes]                          how many
//   cursors          u32[classes, 2]                       of each queue: place of the oldest key, keys that are in it
//   anchor_draws     f32[classes, anchors]                 by turn; in [0, 1)
//   negative_draws   f32[classes, anchors, negatives]      by turn; in [0, 1)
//   drawn_anchors    u32[classes, anchors]                 pixels
//   drawn_negatives  u32[classes, anchors, negatives]      places in the class's queue, before they are taken modulo its size
//
// Uniforms:
//   classes    rows
//   anchors    of a class
//   negatives  of an anchor
//   stride     invocations along x
//
// Twin: kernels/reference/contrast/info_nce.ts

fn drawn(u: f32, count: u32) -> u32 {
  return min(u32(u * f32(count)), count - 1u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  let each = extents.anchors * extents.negatives;
  if (i >= extents.classes * each) { return; }
  let row = i / each;
  if (load_turns(4u * row + 2u) == 0u) { return; }
  let turn = load_turns(4u * row);
  let keys = load_cursors(2u * row + 1u);
  set_drawn_negatives(i, load_cursors(2u * row) + drawn(load_negative_draws(turn * each + i % each), keys));
  if (i % extents.negatives == 0u) {
    let anchor = i % each / extents.negatives;
    let of_class = load_turns(4u * row + 1u);
    let number = drawn(load_anchor_draws(turn * extents.anchors + anchor), load_counts(of_class));
    set_drawn_anchors(row * extents.anchors + anchor, load_places(of_class * extents.columns + number));
  }
}
