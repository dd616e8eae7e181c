// Meters (ops/loss/meter.wgsl) that have noted what those of a part have noted last.
//
//   part    f32[count, 4·vectors]   sum, count, last; step + 1 of the first value that was not finite, 0 for none
//   folded  f32[count, 4·vectors]
//
// Uniforms:
//   count    meters
//   vectors  vec4s from one to the next
//
// Twin: kernels/reference/update/fold.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.count) { return; }
  let i = id.x * extents.vectors;
  let before = load_folded(i);
  let part = load_part(i);
  set_folded(i, vec4f(before.x + part.z, before.y + 1, part.z, select(before.w, part.w, before.w == 0)));
}
