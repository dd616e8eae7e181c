// Sums a map over the pixels of each class, a chunk of pixels at a time. One invocation a chunk and class.
//
//   labels    u32[pixels]            read as whole vec4s
//   values    f32[pixels]            likewise
//   partials  vec2f[chunks, classes] sum, count
//
// Uniforms:
//   pixels   of all images
//   chunk    vec4s of a chunk
//   count    invocations: chunks · classes
//   stride   invocations along x
//
// Twin: kernels/reference/class/class_means.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let own = i % extents.classes;
  let first = i / extents.classes * extents.chunk;
  let end = min(first + extents.chunk, (extents.pixels + 3u) / 4u);
  var sums = vec4f();
  var counts = vec4f();
  for (var at = first; at < end; at++) {
    let within = vec4u(4u * at) + vec4u(0, 1, 2, 3) < vec4u(extents.pixels);
    let matches = within & (load_labels(at) == vec4u(own));
    sums += select(vec4f(), load_values(at), matches);
    counts += select(vec4f(), vec4f(1), matches);
  }
  set_partials(i, vec2f(dot(sums, vec4f(1)), dot(counts, vec4f(1))));
}
