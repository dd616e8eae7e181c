// One step of stochastic gradient descent with momentum and weight decay, in place.
//
//   gradients   f32[4·count]
//   rates       f32            [rate_index] is the learning rate
//   guard       f32[4]         where GUARDED: what gradients are multiplied by; not 0: nothing is updated (guard_update.wgsl)
//   parameters  f32[4·count]   p ← p − rate · buffer
//   momenta     f32[4·count]   buffer ← momentum · buffer + gradient + weight_decay · p
//
// Where NESTEROV, what is in the buffer counts once more: p ← p − rate · (gradient + weight_decay · p + momentum · buffer).
//
// Twin: kernels/reference/sgd.ts

struct Extents {
  count: u32, // vec4s
  stride: u32, // invocations along x
  rate_index: u32,
  momentum: f32,
  weight_decay: f32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read> rates: array<f32>;
#if GUARDED
@group(0) @binding(3) var<storage, read> guard: array<vec4f>;
#end
@group(0) @binding(${3 + GUARDED}) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(${4 + GUARDED}) var<storage, read_write> momenta: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
#if GUARDED
  if (guard[0].y != 0.0) { return; }
#end
  let parameter = parameters[i];
#if GUARDED
  let gradient = gradients[i] * guard[0].x + extents.weight_decay * parameter;
#end
#if 1 - GUARDED
  let gradient = gradients[i] + extents.weight_decay * parameter;
#end
  let buffer = extents.momentum * momenta[i] + gradient;
  momenta[i] = buffer;
#if NESTEROV
  parameters[i] = parameter - rates[extents.rate_index] * (gradient + extents.momentum * buffer);
#end
#if 1 - NESTEROV
  parameters[i] = parameter - rates[extents.rate_index] * buffer;
#end
}
