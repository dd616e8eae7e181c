// Moves a queue's cursors past the keys that another one has given it.
//
//   part_pushed  u32[classes]      keys that were ever put into the other queue
//   base_pushed  u32[classes]      the same when the two were one
//   cursors      u32[classes, 2]   place of the oldest key in the queue, keys that are in it; of the class `row`
//   pushed       u32[classes]      keys that were ever put in
//
// One invocation.
//
// Uniforms:
//   row   the class
//   size  keys that the queue holds
//
// Twin: kernels/reference/contrast/bank.ts

@compute @workgroup_size(1)
fn main() {
  let count = load_part_pushed(extents.row) - load_base_pushed(extents.row);
  let all = load_cursors(2u * extents.row + 1u) + count;
  let length = min(all, extents.size);
  set_cursors(2u * extents.row, (load_cursors(2u * extents.row) + (all - length)) % extents.size);
  set_cursors(2u * extents.row + 1u, length);
  set_pushed(extents.row, load_pushed(extents.row) + count);
}
