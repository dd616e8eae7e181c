// One step of an exponential moving average, in place.
//
//   source   f32[4·count]
//   shares   f32            [index] is the source's share in the new average: 0 leaves it as it is, 1 copies the source
//   guard    f32[4]         where GUARDED: [1] not 0: nothing is averaged (guard_update.wgsl)
//   average  f32[4·count]   a ← a + share · (source − a)
//
// Twin: kernels/reference/moving_average.ts

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations along x
  index: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> shares: array<f32>;
#if GUARDED
@group(0) @binding(3) var<storage, read> guard: array<vec4f>;
#end
@group(0) @binding(${3 + GUARDED}) var<storage, read_write> average: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
#if GUARDED
  if (guard[0].y != 0.0) { return; }
#end
  let share = shares[extents.index];
  let before = average[i];
  let next = source[i];
  // A copy is exact: a sum would round.
  average[i] = select(before + share * (next - before), next, share == 1.0);
}
