// Sets a tensor to zero, whatever its type.
//
//   tensor  u32[4·count]

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations along x
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read_write> tensor: array<vec4u>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i < extents.count) { tensor[i] = vec4u(0); }
}
