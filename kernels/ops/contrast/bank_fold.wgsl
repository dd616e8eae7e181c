// Puts the keys of another queue, the last ones that were put into it, into a class's queue, over the oldest ones where it is full.
//
//   part          f32[size, 4·vectors]   the other queue, of the class `row`
//   part_cursors  u32[classes, 2]        place of its oldest key, keys that are in it
//   part_pushed   u32[classes]           keys that were ever put into it
//   base_pushed   u32[classes]           the same when the two were one
//   cursors       u32[classes, 2]        of the queue
//   queue         f32[size, 4·vectors]
//
// Of more keys than the queue holds the last ones are put in. Cursors move afterwards (bank_fold_advance.wgsl).
//
// Uniforms:
//   row     the class
//   size    keys that the queue holds
//   stride  invocations along x
//
// Twin: kernels/reference/contrast/bank.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  let count = load_part_pushed(extents.row) - load_base_pushed(extents.row);
  let most = min(count, extents.size);
  let key = i / extents.vectors;
  if (key >= most) { return; }
  let vector = i % extents.vectors;
  let end = load_part_cursors(2u * extents.row) + load_part_cursors(2u * extents.row + 1u);
  let taken = (end + extents.size - most + key) % extents.size;
  let free = load_cursors(2u * extents.row) + load_cursors(2u * extents.row + 1u);
  // A key lies where it would if all had been put in one by one.
  let at = (free + (count - most) % extents.size + key) % extents.size;
  set_queue(at * extents.vectors + vector, load_part(taken * extents.vectors + vector));
}
