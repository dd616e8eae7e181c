// Mean of each sample's lumas, rounded half up as Pillow's ImageEnhance.Contrast does. One invocation a sample.
//
//   partials  u32[batch, chunks]   sums of lumas
//   means     u32[batch]
//
// Uniforms:
//   chunks  a multiple of 4
//   pixels  of one sample, less than 2²³
//
// Twin: kernels/reference/view/photometric.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.batch) { return; }
  let vectors = extents.chunks / 4u;
  var sum = vec4u();
  for (var i = 0u; i < vectors; i++) { sum += load_partials(id.x * vectors + i); }
  let total = sum.x + sum.y + sum.z + sum.w;
  set_means(id.x, (2u * total + extents.pixels) / (2u * extents.pixels));
}
