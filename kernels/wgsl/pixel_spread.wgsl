// One pixel's channels, scaled, to every pixel of its image.
//
//   x   f32[batch, 1, lanes·4]
//   y   f32[batch, pixels, lanes·4]   scale · x
//
// Twin: kernels/reference/global_average_pool.ts

struct Extents {
  lanes: u32, // vec4s of a pixel
  image: u32, // vec4s of an image of y
  step: u32, // vec4s from one pixel of an invocation to its next; a multiple of lanes
  scale: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.step) { return; }
  let value = extents.scale * x[id.y * extents.lanes + id.x % extents.lanes];
  let origin = id.y * extents.image;
  #unroll P PIXELS
  let at${P} = id.x + ${P}u * extents.step;
  if (at${P} < extents.image) { y[origin + at${P}] = value; }
  #end
}
