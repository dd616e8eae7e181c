// Where a bit is set in each row of flags, in order.
//
//   flags      u32[rows, columns]
//   positions  u32[rows, columns]   columns whose flag has the bit, ascending; the rest of the row is left as it is
//   counts     u32[rows]            how many there are
//
// A workgroup a row: each lane counts the columns of its part, and goes on where those before it end.
//
// Uniforms:
//   each  columns of a lane's part
//   bit   its value
//
// Twin: kernels/reference/contrast/positions.ts

const LANES = 256u;

var<workgroup> sums: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x * extents.columns;
  let first = min(lane * extents.each, extents.columns);
  let end = min(first + extents.each, extents.columns);
  var count = 0u;
  for (var i = first; i < end; i++) { count += select(0u, 1u, (load_flags(row + i) & extents.bit) != 0u); }
  sums[lane] = count;
  workgroupBarrier();
  var at = 0u;
  for (var i = 0u; i < lane; i++) { at += sums[i]; }
  if (lane == LANES - 1u) { set_counts(group.x, at + count); }
  for (var i = first; i < end; i++) {
    if ((load_flags(row + i) & extents.bit) != 0u) {
      set_positions(row + at, i);
      at++;
    }
  }
}
