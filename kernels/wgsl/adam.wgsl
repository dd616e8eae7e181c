// One step of Adam or, where DECOUPLED, AdamW, in place.
//
//   gradients   f32[4·count]
//   rates       f32            [rate_index] is the learning rate; from [correction_index]: 1 / (1 − beta1^t), 1 / √(1 − beta2^t)
//   guard       f32[4]         where GUARDED: what gradients are multiplied by; not 0: nothing is updated (guard_update.wgsl)
//   parameters  f32[4·count]   p ← p − rate · corrected first / (√corrected second + epsilon)
//   first       f32[4·count]   mean of gradients
//   second      f32[4·count]   mean of their squares
//
// Weight decay: gradient + weight_decay · p; where DECOUPLED, p − rate · weight_decay · p before the step.
//
// Twin: kernels/reference/adam.ts

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations along x
  rate_index: u32,
  correction_index: u32,
  beta1: f32,
  rest1: f32, // 1 − beta1
  beta2: f32,
  rest2: f32, // 1 − beta2
  epsilon: f32,
  weight_decay: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read> rates: array<f32>;
#if GUARDED
@group(0) @binding(3) var<storage, read> guard: array<vec4f>;
#end
@group(0) @binding(${3 + GUARDED}) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(${4 + GUARDED}) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(${5 + GUARDED}) var<storage, read_write> second: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
#if GUARDED
  if (guard[0].y != 0.0) { return; }
#end
  let rate = rates[extents.rate_index];
  var parameter = parameters[i];
  var gradient = gradients[i];
#if GUARDED
  gradient *= guard[0].x;
#end
#if DECOUPLED
  parameter -= rate * extents.weight_decay * parameter;
#end
#if 1 - DECOUPLED
  gradient += extents.weight_decay * parameter;
#end
  let mean = extents.beta1 * first[i] + extents.rest1 * gradient;
  let square = extents.beta2 * second[i] + extents.rest2 * gradient * gradient;
  first[i] = mean;
  second[i] = square;
  let root = sqrt(square) * rates[extents.correction_index + 1u] + extents.epsilon;
  parameters[i] = parameter - rate * rates[extents.correction_index] * mean / root;
}
