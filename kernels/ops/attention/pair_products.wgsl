// The products of each two vectors of an image, times a factor.
//
//   a, b      f32[rows, 4·VECTORS]   rows = images · count
//   products  f32[rows, count]       factor · Σ a[i] · b[j], j of the same image
//
// Uniforms:
//   total   products
//   count   vectors of an image
//   stride  invocations along x
//
// Twin: kernels/reference/attention/self_attention.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.y * extents.stride + id.x;
  if (index >= extents.total) { return; }
  let row = index / extents.count;
  let other = row / extents.count * extents.count + index % extents.count;
  let first = row * ${VECTORS}u;
  var sum = vec4f();
  for (var k = first; k < first + ${VECTORS}u; k++) {
    sum += load_a(k) * load_b(other * ${VECTORS}u + k - first);
  }
  set_products(index, extents.factor * dot(sum, vec4f(1)));
}
