// One step of Adam or, where DECOUPLED, AdamW, in place.
//
//   gradients   f32[4·count]
//   rates       f32            [rate_index] is the learning rate; from [correction_index]: 1 / (1 − beta1^t), 1 / √(1 − beta2^t)
//   guard       f32[4]         where GUARDED: what gradients are multiplied by; not 0: nothing is updated (guard_update.wgsl)
//   start       f32[4·count]   where TOWARDS: weight decay is of p − start instead of p
//   parameters  f32[4·count]   p ← p − rate · corrected first / (√corrected second + epsilon)
//   first       f32[4·count]   mean of gradients
//   second      f32[4·count]   mean of their squares
//
// Weight decay: gradient + weight_decay · p; where DECOUPLED, p − rate · weight_decay · p before the step.
//
// Uniforms:
//   count   vec4s
//   stride  invocations along x
//   rest1   1 − beta1
//   rest2   1 − beta2
//
// Twin: kernels/reference/update/adam.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
#if GUARDED
  if (load_guard(0).y != 0.0) { return; }
#end
  let rate = load_rates(extents.rate_index);
  var parameter = load_parameters(i);
#if TOWARDS
  let away = parameter - load_start(i);
#else
  let away = parameter;
#end
  var gradient = load_gradients(i);
#if GUARDED
  gradient *= load_guard(0).x;
#end
#if DECOUPLED
  parameter -= rate * extents.weight_decay * away;
#else
  gradient += extents.weight_decay * away;
#end
  let mean = extents.beta1 * load_first(i) + extents.rest1 * gradient;
  let square = extents.beta2 * load_second(i) + extents.rest2 * gradient * gradient;
  set_first(i, mean);
  set_second(i, square);
  let root = sqrt(square) * load_rates(extents.correction_index + 1u) + extents.epsilon;
  set_parameters(i, parameter - rate * load_rates(extents.correction_index) * mean / root);
}
