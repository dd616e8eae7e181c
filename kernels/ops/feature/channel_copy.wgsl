// A range of channels, from one tensor's pixels to another's.
//
//   origin   f32[pixels, origin_lanes·4]
//   goal     f32[pixels, goal_lanes·4]     vec4s goal_offset … + lanes of each pixel ← origin_offset … + lanes
//
// Uniforms:
//   lanes         vec4s of the range
//   count         vec4s of the range in all pixels
//   stride        invocations along x, as one axis of a dispatch is limited
//   step          vec4s from one pixel of an invocation to its next; a multiple of lanes
//   origin_lanes  vec4s of a pixel
//
// Twins: kernels/reference/feature/concatenate.ts, kernels/reference/feature/batches.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.step) { return; }
  let lane = i % extents.lanes;
  let pixel = i / extents.lanes;
  let pixels = extents.step / extents.lanes; // between two pixels of an invocation
  let origin_at = pixel * extents.origin_lanes + extents.origin_offset + lane;
  let goal_at = pixel * extents.goal_lanes + extents.goal_offset + lane;
  #unroll P PIXELS
  if (i + ${P}u * extents.step < extents.count) {
    set_goal(goal_at + ${P}u * pixels * extents.goal_lanes, load_origin(origin_at + ${P}u * pixels * extents.origin_lanes));
  }
  #end
}
