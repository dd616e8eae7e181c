// A tensor times a number that is on the device, padding included.
//
//   x        f32[count·4]
//   factors  f32            [index] is the number
//   y        f32[count·4]   x · factors[index]
//
// Twin: kernels/reference/scale.ts

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations along x
  index: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  y[i] = factors[extents.index] * x[i];
}
