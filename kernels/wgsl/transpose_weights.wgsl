// Swaps input and output channels of convolution weights, for the gradient by the input.
//
//   weight   f32[taps, C, O]
//   result   f32[taps, O, C]
//
// One invocation moves a 4 × 4 block, so that both sides are whole vec4s.
// Twin: kernels/reference/convolution.ts

struct Extents {
  taps: u32, // in all
  inputs: u32, // C in vec4s
  outputs: u32, // O in vec4s
  stride: u32, // invocations along x
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.taps * extents.inputs * extents.outputs) { return; }
  let output = i % extents.outputs;
  let input = i / extents.outputs % extents.inputs;
  let tap = i / (extents.outputs * extents.inputs);

  let origin = (tap * extents.inputs + input) * 4u * extents.outputs + output;
  let a = weight[origin];
  let b = weight[origin + extents.outputs];
  let c = weight[origin + 2u * extents.outputs];
  let d = weight[origin + 3u * extents.outputs];

  let place = (tap * extents.outputs + output) * 4u * extents.inputs + input;
  result[place] = vec4f(a.x, b.x, c.x, d.x);
  result[place + extents.inputs] = vec4f(a.y, b.y, c.y, d.y);
  result[place + 2u * extents.inputs] = vec4f(a.z, b.z, c.z, d.z);
  result[place + 3u * extents.inputs] = vec4f(a.w, b.w, c.w, d.w);
}
