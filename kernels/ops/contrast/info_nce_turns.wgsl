// Which class is contrasted when, and with what.
//
//   sure     u32[CLASSES]      sure pixels of each class
//   anchors  u32[CLASSES]      anchors of each class
//   cursors  u32[CLASSES, 2]   of its queue; [1]: keys that are in it
//   turns    u32[CLASSES, 4]   by the class whose queue it is: its turn among the classes with sure pixels; the class of the
//                              anchors; 1 where something is contrasted; how many classes have sure pixels, 0 where this has none
//
// BY_CLASS: the anchors are of the class itself, else of the class with the number of its turn. One workgroup.
//
// Twin: kernels/reference/contrast/info_nce.ts

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) row: u32) {
  if (row >= ${CLASSES}u) { return; }
  let valid = load_sure(row) > 0u;
  var turn = 0u;
  var all = 0u;
  #unroll C CLASSES
  {
    let counts = select(0u, 1u, load_sure(${C}u) > 0u);
    all += counts;
    turn += select(0u, counts, ${C}u < row);
  }
  #end
#if BY_CLASS
  let of_class = row;
#else
  let of_class = turn;
#end
  let some = valid & (all > 1u) & (load_anchors(min(of_class, ${CLASSES - 1}u)) > 0u) & (load_cursors(2u * row + 1u) > 0u);
  set_turns(4u * row, turn);
  set_turns(4u * row + 1u, of_class);
  set_turns(4u * row + 2u, select(0u, 1u, some));
  set_turns(4u * row + 3u, select(0u, all, valid));
}
