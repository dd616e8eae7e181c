// Counts probabilities by the upper or the lower 15 bits of their 30: numbers in [0, 1] sort as their bits do.
//
//   probabilities  f32[pixels]    what is not in [0, 1] is not counted
//   state          u32[4]         [0]: the upper bits whose lower bits are counted, at level 1
//   histogram      u32[32768]     added to
//
// Twin: kernels/reference/ohem.ts

struct Extents {
  pixels: u32,
  stride: u32, // invocations along x
  level: u32, // 0: upper bits, 1: lower bits
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> probabilities: array<u32>;
@group(0) @binding(2) var<storage, read> state: array<u32>;
@group(0) @binding(3) var<storage, read_write> histogram: array<atomic<u32>>;

const ONE = 0x3f800000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let bits = probabilities[pixel];
  if (bits > ONE) { return; }
  if (extents.level == 0) {
    atomicAdd(&histogram[bits >> 15], 1u);
  } else if (bits >> 15 == state[0]) {
    atomicAdd(&histogram[bits & 0x7fff], 1u);
  }
}
