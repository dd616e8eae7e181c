// Labels without the easy pixels.
//
//   labels         u32[pixels]
//   probabilities  f32[pixels]
//   state          u32[4]        [2]: bits of the limit
//   mined          u32[pixels]   `ignore` where the probability is over the limit
//
// Uniforms:
//   stride  invocations along x
//
// Twin: kernels/reference/label/ohem.ts

const TWO = 0x40000000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let bits = load_probabilities(pixel);
  // A NaN (bits over TWO) keeps its label, so that the loss shows it.
  set_mined(pixel, select(load_labels(pixel), extents.ignore, bits > load_state(2) && bits <= TWO));
}
