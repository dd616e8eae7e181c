// Swaps input and output channels of convolution weights, for the gradient by the input.
//
//   weight   f32[taps, C, O]
//   result   f32[taps, O, C]
//
// One invocation moves a 4 × 4 block, so that both sides are whole vec4s.
//
// Uniforms:
//   taps     in all
//   inputs   C in vec4s
//   outputs  O in vec4s
//   stride   invocations along x
// Twin: kernels/reference/convolution/convolution.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.taps * extents.inputs * extents.outputs) { return; }
  let output = i % extents.outputs;
  let input = i / extents.outputs % extents.inputs;
  let tap = i / (extents.outputs * extents.inputs);

  let origin = (tap * extents.inputs + input) * 4u * extents.outputs + output;
  let a = load_weight(origin);
  let b = load_weight(origin + extents.outputs);
  let c = load_weight(origin + 2u * extents.outputs);
  let d = load_weight(origin + 3u * extents.outputs);

  let place = (tap * extents.outputs + output) * 4u * extents.inputs + input;
  set_result(place, vec4f(a.x, b.x, c.x, d.x));
  set_result(place + extents.inputs, vec4f(a.y, b.y, c.y, d.y));
  set_result(place + 2u * extents.inputs, vec4f(a.z, b.z, c.z, d.z));
  set_result(place + 3u * extents.inputs, vec4f(a.w, b.w, c.w, d.w));
}
