// Labels, and 255 (ignored by every loss) where a pixel is crop padding.
//
//   labels    u32[4·count]
//   validity  u32[4·count]   0 where a pixel is padding
//   masked    u32[4·count]
//
// Twin: kernels/reference/mask_labels.ts

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations along x
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> labels: array<vec4u>;
@group(0) @binding(2) var<storage, read> validity: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> masked: array<vec4u>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  masked[i] = select(labels[i], vec4u(255), validity[i] == vec4u(0));
}
