// Counts probabilities by the upper or the lower 15 bits of their 30: numbers in [0, 1] sort as their bits do.
//
//   probabilities  f32[pixels]    what is not in [0, 1] is not counted
//   state          u32[4]         [0]: the upper bits whose lower bits are counted, at level 1
//   histogram      u32[32768]     added to
//
// Uniforms:
//   stride  invocations along x
//   level   0: upper bits, 1: lower bits
//
// Twin: kernels/reference/label/ohem.ts

const ONE = 0x3f800000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let bits = load_probabilities(pixel);
  if (bits > ONE) { return; }
  if (extents.level == 0) {
    atomicAdd(&histogram[bits >> 15], 1u);
  } else if (bits >> 15 == load_state(0)) {
    atomicAdd(&histogram[bits & 0x7fff], 1u);
  }
}
