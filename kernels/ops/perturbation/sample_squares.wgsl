// Σ (x − origin)² of each sample, by chunks: chunk c takes vec4s c, c + chunks, c + 2·chunks, …
//
//   x         f32[batch, pixels, lanes·4]   channels from `channels` on are padding
//   partials  f32[batch, chunks]
//
// Uniforms:
//   image   vec4s of a sample
//   chunks  of a sample, a multiple of 64
//   lanes   vec4s of a pixel
//
// Twin: kernels/reference/perturbation/step_along.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.y * extents.image;
  var sums = vec4f();
  for (var i = id.x; i < extents.image; i += extents.chunks) {
    let channel = vec4u(4u * (i % extents.lanes)) + vec4u(0, 1, 2, 3);
    let x = select(vec4f(), load_x(first + i) - vec4f(extents.origin), channel < vec4u(extents.channels));
    sums += x * x;
  }
  set_partials(id.y * extents.chunks + id.x, dot(sums, vec4f(1)));
}
