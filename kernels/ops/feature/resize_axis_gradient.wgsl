// Gradient of a linear resize along one axis: each input sums the outputs that it had a share in, in their order.
//
//   dy   f32[outer, outputs, inner·4]
//   dx   f32[outer, inputs, inner·4]
//
// Output o lies at o · (inputs − 1) / (outputs − 1); an input's share falls from 1 there to 0 at its neighbors. All
// positions are exact integers: both sides are scaled by outputs − 1.
//
// Uniforms:
//   inner  vec4s from one place on the axis to the next
//
// Twin: kernels/reference/feature/resize_bilinear.ts

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let inner = extents.inner;
  let offset = id.x % inner;
  let input = id.x / inner;
  let outer = id.z * 32768u + id.y;
  if (input >= extents.inputs || outer >= extents.outer) { return; }

  let in_steps = extents.inputs - 1u;
  let out_steps = extents.outputs - 1u;
  var first = 0u;
  var end = extents.outputs; // one past the last
  if (in_steps > 0u && out_steps > 0u) {
    if (input > 0u) { first = (input - 1u) * out_steps / in_steps + 1u; }
    end = min(end, ((input + 1u) * out_steps - 1u) / in_steps + 1u);
  } else if (input > 0u) {
    end = 0u; // a single output lies at input 0
  }

  var sum = vec4f();
  let here = i32(input * out_steps);
  let scale = 1.0 / f32(max(out_steps, 1u));
  var at = (outer * extents.outputs + first) * inner + offset;
  for (var output = first; output < end; output++) {
    let share = 1.0 - f32(abs(i32(output * in_steps) - here)) * scale;
    sum += share * load_dy(at);
    at += inner;
  }
  set_dx((outer * extents.inputs) * inner + id.x, sum);
}
