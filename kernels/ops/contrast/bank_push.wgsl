// Puts the features of a class's keys into its queue, over the oldest ones where it is full.
//
//   x, u     see pixel_features.wgsl
//   places   u32[classes, columns]   pixels of the keys of each class, in order
//   counts   u32[classes]            how many
//   cursors  u32[classes, 2]         place of the oldest key in the queue, keys that are in it
//   queue    f32[size, 4·vectors]    of the class `row`
//
// Of more keys than the queue holds the last ones are put in. Cursors move afterwards (bank_advance.wgsl).
//
// Uniforms:
//   row     the class
//   size    keys that the queue holds
//   stride  invocations along x
//
// Twin: kernels/reference/contrast/bank.ts

#include pixel_features.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  let count = load_counts(extents.row);
  let key = max(count, extents.size) - extents.size + i / extents.vectors;
  if ((key >= count) | (i >= extents.size * extents.vectors)) { return; }
  let vector = i % extents.vectors;
  let free = load_cursors(2u * extents.row) + load_cursors(2u * extents.row + 1u);
  let at = (free + key) % extents.size;
  set_queue(at * extents.vectors + vector, feature(load_places(extents.row * extents.columns + key), vector));
}
