// Mean of each sample's lumas, rounded half up as Pillow's ImageEnhance.Contrast does. One invocation a sample.
//
//   partials  u32[batch, chunks]   sums of lumas
//   means     u32[batch]
//
// Twin: kernels/reference/photometric.ts

struct Extents {
  batch: u32,
  chunks: u32, // a multiple of 4
  pixels: u32, // of one sample, less than 2²³
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> partials: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> means: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.batch) { return; }
  let vectors = extents.chunks / 4u;
  var sum = vec4u();
  for (var i = 0u; i < vectors; i++) { sum += partials[id.x * vectors + i]; }
  let total = sum.x + sum.y + sum.z + sum.w;
  means[id.x] = (2u * total + extents.pixels) / (2u * extents.pixels);
}
