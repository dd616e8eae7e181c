// Sums of the vectors of an image, weighted for each of them.
//
//   weights  f32[rows, count]        rows = images · count; of row i where not TRANSPOSED, else of column i
//   values   f32[rows, 4·VECTORS]
//   sums     f32[rows, 4·VECTORS]    factor · Σ weight[i, j] · value[j], j of the same image, in its order
//
// Uniforms:
//   total   vec4s of the sums
//   count   vectors of an image
//   stride  invocations along x
//
// Twin: kernels/reference/attention/self_attention.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.y * extents.stride + id.x;
  if (index >= extents.total) { return; }
  let row = index / ${VECTORS}u;
  let first = row / extents.count * extents.count;
  var sum = vec4f();
  for (var other = first; other < first + extents.count; other++) {
#if TRANSPOSED
    let weight = load_weights(other * extents.count + row - first);
#else
    let weight = load_weights(row * extents.count + other - first);
#end
    sum += weight * load_values(other * ${VECTORS}u + index % ${VECTORS}u);
  }
  set_sums(index, extents.factor * sum);
}
