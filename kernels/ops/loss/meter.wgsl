// Notes a scalar, so that the host may read many steps at once.
//
//   value     f32      the number at [index]
//   counters  u32[4]   seed, epoch, step, 0
//   state     f32[4]   sum, count, last; step + 1 of the first value that was not finite, 0 for none
//
// Twin: kernels/reference/loss/meter.ts

@compute @workgroup_size(1)
fn main() {
  let before = load_state(0);
  let now = load_value(extents.index);
  // By its bits: a driver with fast mathematics may take x != x for false.
  let bad = (bitcast<u32>(now) & 0x7f800000) == 0x7f800000;
  let first_bad = select(before.w, f32(load_counters(2) + 1), bad && before.w == 0);
  set_state(0, vec4f(before.x + now, before.y + 1, now, first_bad));
}
