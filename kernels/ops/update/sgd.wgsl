// One step of stochastic gradient descent with momentum and weight decay, in place.
//
//   gradients   f32[4·count]
//   rates       f32            [rate_index] is the learning rate
//   guard       f32[4]         where GUARDED: what gradients are multiplied by; not 0: nothing is updated (guard_update.wgsl)
//   start       f32[4·count]   where TOWARDS: weight decay is of p − start instead of p
//   parameters  f32[4·count]   p ← p − rate · buffer
//   momenta     f32[4·count]   buffer ← momentum · buffer + gradient + weight_decay · p
//
// Where NESTEROV, what is in the buffer counts once more: p ← p − rate · (gradient + weight_decay · p + momentum · buffer).
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x
//
// Twin: kernels/reference/update/sgd.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
#if GUARDED
  if (load_guard(0).y != 0.0) { return; }
#end
  let parameter = load_parameters(i);
#if TOWARDS
  let away = parameter - load_start(i);
#else
  let away = parameter;
#end
#if GUARDED
  let gradient = load_gradients(i) * load_guard(0).x + extents.weight_decay * away;
#else
  let gradient = load_gradients(i) + extents.weight_decay * away;
#end
  let buffer = extents.momentum * load_momenta(i) + gradient;
  set_momenta(i, buffer);
#if NESTEROV
  set_parameters(i, parameter - load_rates(extents.rate_index) * (gradient + extents.momentum * buffer));
#else
  set_parameters(i, parameter - load_rates(extents.rate_index) * buffer);
#end
}
