// Moves a queue's cursors past the keys that were put into it.
//
//   counts   u32[classes]      keys of each class
//   cursors  u32[classes, 2]   place of the oldest key in the queue, keys that are in it; of the class `row`
//   pushed   u32[classes]      keys that were ever put in
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
  let all = load_cursors(2u * extents.row + 1u) + load_counts(extents.row);
  let length = min(all, extents.size);
  set_cursors(2u * extents.row, (load_cursors(2u * extents.row) + (all - length)) % extents.size);
  set_cursors(2u * extents.row + 1u, length);
  set_pushed(extents.row, load_pushed(extents.row) + load_counts(extents.row));
}
