// Second pass of a split reduction: adds the parts in order.
//
//   partials   f32[splits, count·4]
//   result     f32[count·4]           Σ over splits (+ result where accumulate)
//
// Twin: kernels/reference/sum_partials.ts

struct Extents {
  count: u32, // vec4s of one part
  splits: u32,
  accumulate: u32,
  stride: u32, // invocations along x
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> partials: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  var sum = partials[i];
  for (var split = 1u; split < extents.splits; split++) {
    sum += partials[split * extents.count + i];
  }
  if (extents.accumulate != 0u) { sum += result[i]; }
  result[i] = sum;
}
