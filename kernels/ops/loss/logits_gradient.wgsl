// Gradient of a loss by the stored logits: each sums the slopes of the columns that it had a share in, in their order, times
// factor / denominator.
//
//   slopes    f32[batch, segments, span + 1, width, lanes·4]   of stored rows at the image's columns; where a row is the last
//                                                              of one segment and the first of the next, in two parts
//   scale     f32[4]                                           [0]: 1 / denominator, 0 where that is 0
//   gradient  f32[batch, in_height, in_width, lanes·4]
//
// Positions as in resize_axis_gradient.wgsl. Where not UPSAMPLED the slopes are of the stored logits themselves, as they lie.
//
// Uniforms:
//   lanes   vec4s of a pixel
//   span    intervals of a segment
//   stride  invocations along x
//
// Twin: kernels/reference/feature/resize_bilinear.ts

#if UPSAMPLED
/// The sum over columns from `first` to `end` of a row of slopes.
fn sum_columns(row: u32, column: u32, lane: u32, first: u32, end: u32) -> vec4f {
  let in_steps = extents.in_width - 1u;
  let out_steps = extents.width - 1u;
  let here = i32(column * out_steps);
  let step = 1.0 / f32(max(out_steps, 1u));
  var sum = vec4f();
  var at = (row * extents.width + first) * extents.lanes + lane;
  for (var output = first; output < end; output++) {
    let share = 1.0 - f32(abs(i32(output * in_steps) - here)) * step;
    sum += share * load_slopes(at);
    at += extents.lanes;
  }
  return sum;
}
#end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.batch * extents.in_height * extents.in_width * extents.lanes) { return; }
  #if 1 - UPSAMPLED
  set_gradient(i, extents.factor * load_scale(0) * load_slopes(i));
  #end
  #if UPSAMPLED
  let lane = i % extents.lanes;
  let pixel = i / extents.lanes;
  let column = pixel % extents.in_width;
  let row = pixel / extents.in_width % extents.in_height;
  let image = pixel / extents.in_width / extents.in_height;

  let in_steps = extents.in_width - 1u;
  let out_steps = extents.width - 1u;
  var first = 0u;
  var end = extents.width; // one past the last
  if (in_steps > 0u) {
    if (column > 0u) { first = (column - 1u) * out_steps / in_steps + 1u; }
    end = min(end, ((column + 1u) * out_steps - 1u) / in_steps + 1u);
  }

  let segment = row / extents.span;
  let rows = extents.span + 1u; // of a segment
  let origin = image * extents.segments * rows;
  var sum = vec4f();
  if (row % extents.span == 0u && segment > 0u) {
    sum = sum_columns(origin + segment * rows - 1u, column, lane, first, end);
  }
  if (segment < extents.segments) {
    sum += sum_columns(origin + segment * rows + row % extents.span, column, lane, first, end);
  }
  set_gradient(i, extents.factor * load_scale(0) * sum);
  #end
}
