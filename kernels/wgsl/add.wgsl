// Elementwise sum of two tensors of one layout, padding included.
//
//   a, b   f32[count·4]
//   sum    f32[count·4]   a + b
//
// Twin: kernels/reference/add.ts

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations along x, as one axis of a dispatch is limited
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> sum: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  sum[i] = a[i] + b[i];
}
