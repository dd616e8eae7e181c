// Means of the features of each class's pixels, of their partial sums.
//
//   partials  f32[classes, CHUNKS, 4·vectors]
//   counts    u32[classes]
//   means     f32[classes, 4·vectors]           0 where the class has no pixels
//
// Uniforms:
//   total    vec4s of all means
//   vectors  of one
//   stride   invocations along x
//
// Twin: kernels/reference/contrast/member_means.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.total) { return; }
  let class_of = i / extents.vectors;
  let first = class_of * ${CHUNKS}u * extents.vectors + i % extents.vectors;
  var sum = vec4f();
  #unroll K CHUNKS
  sum += load_partials(first + ${K}u * extents.vectors);
  #end
  set_means(i, sum / max(f32(load_counts(class_of)), 1.0));
}
