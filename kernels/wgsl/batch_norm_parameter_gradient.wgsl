// Batch norm, backward, second pass: adds the chunks in order; the gradients of weight and bias.
//
//   partials          f32[chunks, 2, lanes·4]   sum of dy', sum of dy' · (x − mean)
//   variance          f32[lanes·4]
//   sums              f32[2, lanes·4]           sum of dy', sum of dy' · xhat: of this batch norm alone
//   dweight, dbias    f32[lanes·4]              the same, overwritten or added to
//
// Twin: kernels/reference/batch_norm.ts

struct Extents {
  lanes: u32,
  chunks: u32,
  epsilon: f32,
  accumulate_weight: u32,
  accumulate_bias: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> partials: array<vec4f>;
@group(0) @binding(2) var<storage, read> variance: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dweight: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dbias: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = id.x;
  let lanes = extents.lanes;
  if (lane >= lanes) { return; }
  // Sums of sums: a plain running sum over hundreds of chunks would cost a digit that every other layer inherits.
  var sum = vec4f();
  var products = vec4f();
  var at = lane;
  for (var start = 0u; start < extents.chunks; start += 16u) {
    var part_sum = vec4f();
    var part_products = vec4f();
    let end = min(start + 16u, extents.chunks);
    for (var chunk = start; chunk < end; chunk++) {
      part_sum += partials[at];
      part_products += partials[at + lanes];
      at += 2u * lanes;
    }
    sum += part_sum;
    products += part_products;
  }
  products /= sqrt(variance[lane] + extents.epsilon);
  sums[lane] = sum;
  sums[lanes + lane] = products;
  dweight[lane] = select(vec4f(), dweight[lane], extents.accumulate_weight != 0u) + products;
  dbias[lane] = select(vec4f(), dbias[lane], extents.accumulate_bias != 0u) + sum;
}
