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
  var at = i;
  // Four are asked for at once, so that an invocation does not wait for memory at each.
  for (var n = (extents.splits - 1u) / 4u; n > 0u; n--) {
    #unroll P 4
    let part${P} = partials[at + ${P + 1}u * extents.count];
    #end
    #unroll P 4
    sum += part${P};
    #end
    at += 4u * extents.count;
  }
  for (var n = (extents.splits - 1u) % 4u; n > 0u; n--) {
    at += extents.count;
    sum += partials[at];
  }
  if (extents.accumulate != 0u) { sum += result[i]; }
  result[i] = sum;
}
