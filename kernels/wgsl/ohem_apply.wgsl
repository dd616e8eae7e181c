// Labels without the easy pixels.
//
//   labels         u32[pixels]
//   probabilities  f32[pixels]
//   state          u32[4]        [2]: bits of the limit
//   mined          u32[pixels]   `ignore` where the probability is over the limit
//
// Twin: kernels/reference/ohem.ts

struct Extents {
  pixels: u32,
  stride: u32, // invocations along x
  ignore: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> probabilities: array<u32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> mined: array<u32>;

const TWO = 0x40000000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.pixels) { return; }
  let bits = probabilities[pixel];
  // A NaN (bits over TWO) keeps its label, so that the loss shows it.
  mined[pixel] = select(labels[pixel], extents.ignore, bits > state[2] && bits <= TWO);
}
