// Finds the k-th smallest probability, one half of its bits at a time.
//
//   histogram  u32[32768]   counts by the upper 15 bits (level 0) or, among those of the found upper bits, the lower
//   state      u32[4]       upper bits (none: all ones), rank within them, bits of the limit, 0
//
// After level 1 the limit is the larger of `threshold` and the k-th smallest, or 2 where fewer than k were counted. One
// workgroup.
//
// Uniforms:
//   kept  k, from 1
//
// Twin: kernels/reference/label/ohem.ts

const LANES = 256u;
const EACH = 128u; // bins a lane
const NONE = 0xffffffffu;

var<workgroup> sums: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0u;
  for (var i = lane * EACH; i < (lane + 1) * EACH; i++) { sum += load_histogram(i); }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane > 0) { return; }

  var rank = extents.kept;
  if (extents.level == 1) { rank = load_state(1); }
  var at = 0u;
  for (; at < LANES && sums[at] < rank; at++) { rank -= sums[at]; }
  var bin = NONE; // fewer than `rank` in all
  if (at < LANES) {
    bin = at * EACH;
    for (; load_histogram(bin) < rank; bin++) { rank -= load_histogram(bin); }
  }
  if (extents.level == 0) {
    set_state(0, bin);
    set_state(1, rank);
    return;
  }
  let found = bitcast<f32>((load_state(0) << 15) | bin);
  set_state(2, bitcast<u32>(select(max(extents.threshold, found), 2.0, load_state(0) == NONE)));
}
