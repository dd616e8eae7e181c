// Each channel of each sample by a factor of its own, and the gradient, which is the same map.
//
//   x        f32[batch, pixels, lanes·4]
//   factors  f32[batch, lanes·4]
//   y        f32[batch, pixels, lanes·4]
//
// Twin: kernels/reference/scale_channels.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  image: u32, // vec4s of an image
  step: u32, // vec4s from one pixel of an invocation to its next; a multiple of lanes
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> factors: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.step) { return; }
  let factor = factors[id.y * extents.lanes + id.x % extents.lanes];
  let origin = id.y * extents.image;
  #unroll P PIXELS
  let at${P} = id.x + ${P}u * extents.step;
  if (at${P} < extents.image) {
    y[origin + at${P}] = factor * x[origin + at${P}];
  }
  #end
}
