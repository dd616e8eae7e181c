// Sums each channel over the pixels of a chunk; the chunks are added by sum_partials.wgsl.
//
//   values   f32[pixels, C]
//   result   f32[chunks, C]
//
// Uniforms:
//   channels  in vec4s
//
// Twin: kernels/reference/convolution/convolution.ts (the gradient by the bias)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let channel = id.x % extents.channels;
  let chunk = id.x / extents.channels;
  if (chunk >= extents.chunks) { return; }
  let end = min((chunk + 1u) * extents.pixels_per_chunk, extents.pixels);
  var sum = vec4f();
  for (var pixel = chunk * extents.pixels_per_chunk; pixel < end; pixel++) {
    sum += load_values(pixel * extents.channels + channel);
  }
  set_result(id.x, sum);
}
