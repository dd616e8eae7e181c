// Finds the k-th smallest probability, one half of its bits at a time.
//
//   histogram  u32[32768]   counts by the upper 15 bits (level 0) or, among those of the found upper bits, the lower
//   state      u32[4]       upper bits (none: all ones), rank within them, bits of the limit, 0
//
// After level 1 the limit is the larger of `threshold` and the k-th smallest, or 2 where fewer than k were counted. One
// workgroup.
//
// Twin: kernels/reference/ohem.ts

struct Extents {
  level: u32,
  kept: u32, // k, from 1
  threshold: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> histogram: array<u32>;
@group(0) @binding(2) var<storage, read_write> state: array<u32>;

const LANES = 256u;
const EACH = 128u; // bins a lane
const NONE = 0xffffffffu;

var<workgroup> sums: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0u;
  for (var i = lane * EACH; i < (lane + 1) * EACH; i++) { sum += histogram[i]; }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane > 0) { return; }

  var rank = extents.kept;
  if (extents.level == 1) { rank = state[1]; }
  var at = 0u;
  for (; at < LANES && sums[at] < rank; at++) { rank -= sums[at]; }
  var bin = NONE; // fewer than `rank` in all
  if (at < LANES) {
    bin = at * EACH;
    for (; histogram[bin] < rank; bin++) { rank -= histogram[bin]; }
  }
  if (extents.level == 0) {
    state[0] = bin;
    state[1] = rank;
    return;
  }
  let found = bitcast<f32>((state[0] << 15) | bin);
  state[2] = bitcast<u32>(select(max(extents.threshold, found), 2.0, state[0] == NONE));
}
