// Moves the confidence of each class towards that of a batch, and says which share of each class's pixels is kept for it. One workgroup.
//
//   confidence  f32[classes]   of the batch
//   pixels      u32[classes]   of the batch
//   bank        f32[classes]   moved: keep · bank + (1 − keep) · confidence
//   rates       f32[classes]   (1 − bank) / (max (1 − bank) + 1e-12)
//
// Uniforms:
//   keep     share of the bank that stays
//   absent   1: a class without a pixel moves towards 0; 0: it stays
//
// Twin: kernels/reference/class/confidence_bank.ts

var<workgroup> largest: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var own = -3.0e38;
  for (var k = lane; k < extents.classes; k += 64) {
    var value = load_bank(k);
    if ((load_pixels(k) > 0u) | (extents.absent == 1u)) {
      value = extents.keep * value + (1.0 - extents.keep) * load_confidence(k);
    }
    set_bank(k, value);
    set_rates(k, 1.0 - value);
    own = max(own, 1.0 - value);
  }
  largest[lane] = own;
  workgroupBarrier();
  var most = largest[0];
  for (var i = 1u; i < 64; i++) { most = max(most, largest[i]); }
  for (var k = lane; k < extents.classes; k += 64) {
    set_rates(k, load_rates(k) / (most + 1e-12));
  }
}
