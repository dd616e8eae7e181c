// Finds the next bits of two order statistics; once all are known, the percentile between them.
//
//   histogram   u32[2, 2048]   counts by those bits, among what has the bits above
//   percentage  f32            only where SCHEDULED: [index] is the percentage
//   state       u32[8]         bits so far and rank within them, from 0, of the lower one; of the upper one; bits of the way between
//                              them; how many are counted
//   found       f32[4]         after level 2: [0], 0 where nothing is counted
//
// Of n values the percentile lies at percentage / 100 · (n − 1), counted from 0, linear between its two neighbors: as NumPy's. A
// f32 cannot hold that place of a million values with what is behind its point, so it is found in integers: the percentage in
// units of 2⁻²⁵, times n − 1, by 100. One workgroup.
//
// Uniforms:
//   level       0: upper 11 bits, 1: middle 11, 2: lower 10
//   percentage  where not SCHEDULED, in [0, 100]
//   index       where SCHEDULED
//
// Twin: kernels/reference/number/percentile.ts

const BINS = 2048u;
const LANES = 256u;
const EACH = 8u; // bins a lane

var<workgroup> lower_sums: array<u32, 256>;
var<workgroup> upper_sums: array<u32, 256>;

fn multiply_high(a: u32, b: u32) -> u32 {
  let middle = (a >> 16u) * (b & 0xffffu) + (((a & 0xffffu) * (b & 0xffffu)) >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}

/// The value that sorts so.
fn value_of(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, key >= 0x80000000u));
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var lower = 0u;
  var upper = 0u;
  for (var i = lane * EACH; i < (lane + 1u) * EACH; i++) {
    lower += load_histogram(i);
    upper += load_histogram(BINS + i);
  }
  lower_sums[lane] = lower;
  upper_sums[lane] = upper;
  workgroupBarrier();
  if (lane > 0u) { return; }

  if (extents.level == 0u) {
    var count = 0u;
    for (var i = lane; i < LANES; i++) { count += lower_sums[i]; }
    var percentage = extents.percentage;
#if SCHEDULED
    percentage = load_percentage(extents.index);
#end
    let share = u32(clamp(percentage, 0.0, 100.0) * 33554432.0);
    let last = max(count, 1u) - 1u;
    let low = share * last;
    let high = multiply_high(share, last);
    let whole = (high << 7u) | (low >> 25u);
    // Long division by 100, 16 bits at a time.
    let first = ((high >> 25u) << 16u) | (whole >> 16u);
    let second = ((first % 100u) << 16u) | (whole & 0xffffu);
    let place = ((first / 100u) << 16u) | (second / 100u);
    let way = (f32(second % 100u) + f32(low & 0x1ffffffu) / 33554432.0) / 100.0;
    set_state(0, 0u);
    set_state(1, place);
    set_state(2, 0u);
    set_state(3, min(place + 1u, last));
    set_state(4, bitcast<u32>(way));
    set_state(5, count);
  }
  let count = load_state(5);
  if (count == 0u) {
    set_found(0, 0.0);
    return;
  }
  let bits = select(11u, 10u, extents.level == 2u);
  var rank = load_state(1);
  var at = 0u;
  for (; lower_sums[at] <= rank; at++) { rank -= lower_sums[at]; }
  var bin = at * EACH;
  for (; load_histogram(bin) <= rank; bin++) { rank -= load_histogram(bin); }
  let lower_key = (load_state(0) << bits) | bin;
  set_state(0, lower_key);
  set_state(1, rank);
  rank = load_state(3);
  at = 0u;
  for (; upper_sums[at] <= rank; at++) { rank -= upper_sums[at]; }
  bin = at * EACH;
  for (; load_histogram(BINS + bin) <= rank; bin++) { rank -= load_histogram(BINS + bin); }
  let upper_key = (load_state(2) << bits) | bin;
  set_state(2, upper_key);
  set_state(3, rank);
  if (extents.level < 2u) { return; }
  let below = value_of(lower_key);
  let way = bitcast<f32>(load_state(4));
  // Where there is no way to go, no difference is taken: that of infinities, or nothing of it, is no number.
  let step = select(way * (value_of(upper_key) - below), 0.0, (way == 0.0) | (lower_key == upper_key));
  set_found(0, below + step);
}
