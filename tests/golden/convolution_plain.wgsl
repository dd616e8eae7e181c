// Convolution as implicit GEMM: rows are output pixels, columns output channels, the sum runs over taps and input channels.
//
//   source   f32[N, H, W, C]      what is gathered from
//   weight   f32[taps, C, O]      taps in scan order
//   bias     f32[O]               where BIAS is 1
//   result   f32[N, H', W', O]    Σ over taps, channels of source · weight (+ bias)
//   statistics  f32[parts, groups, 2, O]  where STATISTICS is 1, of each 16 pixels of the result, which belong to one part of
//                                 the batch: mean, sum of squared deviations from it
//
// Output pixel y meets tap t at source row (y·scale + t·tap_step + offset) / divisor, if that divides and lies inside:
//   forward         scale = stride, tap_step = dilation, offset = −padding, divisor = 1
//   input gradient  scale = 1, tap_step = −dilation, offset = padding, divisor = stride, with transposed weights
// Output pixels are walked by residue class modulo `divisor` (one class a layer of workgroups in z), so that all pixels of a
// workgroup agree on which taps divide, and none is multiplied in vain. Where the divisor is 1, a layer is a part of the batch.
//
// STRIDED is 0 where the divisor is 1, so that nothing is divided; DEPTH is less than 4 where fewer input channels are no
// padding; PARTS is 0 where all terms of a sum are few enough for one running sum.
//
// Where a pixel lies inside is told by `&`, which evaluates both sides: `&&` branches, and SwiftShader's compiler takes for a row of
// branches time and memory that grow exponentially with it.
//
// No loop and no branch is bound by uniforms alone: lavapipe, which could then unroll it, may compile such a shader anew for
// each of its launches. So no counter is stepped by a constant up to one.
//
// An invocation sums a tile of ROWS pixels × COLUMNS vec4s of channels, which neighboring lanes continue along the channels.
// With SUBGROUPS the lanes of a workgroup are one subgroup: each loads some of the pixels and broadcasts them, so that no
// value is fetched twice. Without, every invocation loads its pixels itself, and neighbors hit the same cache lines.
//
// Uniforms:
//   batch         images of a part
//   height        of source
//   channels      of source, in vec4s
//   out_channels  in vec4s
//   taps          per axis
//   first_group   of a launch in parts, along y
//
// Twin: kernels/reference/convolution/convolution.ts

@compute @workgroup_size(2, 2)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let divisor = extents.divisor;
  let class_y = group.z / u32(divisor);
  let class_x = group.z % u32(divisor);
  const first_image = 0u;
  let rows = (extents.out_height - class_y + u32(divisor) - 1u) / u32(divisor);
  let columns = (extents.out_width - class_x + u32(divisor) - 1u) / u32(divisor);
  let pixels = extents.batch * rows * columns;
  let first = ((extents.first_group + group.y) * 2u + local.y) * 2u;
  if (first >= pixels) { return; }
  let column = group.x * 4u + lane;
  let last_column = extents.out_channels - 1u;
  let column0 = min(column + 0u, last_column);
  let column1 = min(column + 2u, last_column);

  let p0 = min(first + 0u, pixels - 1u);
  let line0 = p0 / columns;
  let image0 = first_image + line0 / rows;
  let out_y0 = class_y + line0 % rows * u32(divisor);
  let out_x0 = class_x + (p0 - line0 * columns) * u32(divisor);
  let to0 = ((image0 * extents.out_height + out_y0) * extents.out_width + out_x0) * extents.out_channels;
  let y0 = i32(out_y0) * extents.scale + extents.offset;
  let x0 = i32(out_x0) * extents.scale + extents.offset;
  let p1 = min(first + 1u, pixels - 1u);
  let line1 = p1 / columns;
  let image1 = first_image + line1 / rows;
  let out_y1 = class_y + line1 % rows * u32(divisor);
  let out_x1 = class_x + (p1 - line1 * columns) * u32(divisor);
  let to1 = ((image1 * extents.out_height + out_y1) * extents.out_width + out_x1) * extents.out_channels;
  let y1 = i32(out_y1) * extents.scale + extents.offset;
  let x1 = i32(out_x1) * extents.scale + extents.offset;

  var sum0_0 = vec4f();
  var sum0_1 = vec4f();
  var sum1_0 = vec4f();
  var sum1_1 = vec4f();

  var tap_y = 0u;
  var tap_x = 0u;
  while (tap_y < extents.taps) {
    let step_y = i32(tap_y) * extents.tap_step;
    let step_x = i32(tap_x) * extents.tap_step;
    var row = (tap_y * extents.taps + tap_x) * extents.channels * 4u * extents.out_channels;
    let wraps = tap_x + 1u == extents.taps;
    tap_x = select(tap_x + 1u, 0u, wraps);
    tap_y += select(0u, 1u, wraps);
    // By a quotient: the remainder of a negative number is undefined in Vulkan, and on NVIDIA it is another one.
    let from_y = i32(class_y) + extents.offset + step_y;
    let from_x = i32(class_x) + extents.offset + step_x;
    if (from_y / divisor * divisor != from_y || from_x / divisor * divisor != from_x) { continue; }
    var any_inside = false;
    let sy0 = (y0 + step_y) / divisor;
    let sx0 = (x0 + step_x) / divisor;
    let inside0 = (sy0 >= 0) & (sy0 < i32(extents.height)) & (sx0 >= 0) & (sx0 < i32(extents.width));
    let keep0 = select(0.0, 1.0, inside0);
    let from0 = (i32(image0 * extents.height) + sy0) * i32(extents.width) + sx0;
    let at0 = select(0u, u32(from0) * extents.channels, inside0);
    any_inside = any_inside | inside0;
    let sy1 = (y1 + step_y) / divisor;
    let sx1 = (x1 + step_x) / divisor;
    let inside1 = (sy1 >= 0) & (sy1 < i32(extents.height)) & (sx1 >= 0) & (sx1 < i32(extents.width));
    let keep1 = select(0.0, 1.0, inside1);
    let from1 = (i32(image1 * extents.height) + sy1) * i32(extents.width) + sx1;
    let at1 = select(0u, u32(from1) * extents.channels, inside1);
    any_inside = any_inside | inside1;
    // Wide dilations meet only padding at most taps of a small map.
    if (!any_inside) { continue; }
    var start = 0u;
    while (start < extents.channels) {
      let end = min(start + 8u, extents.channels);
      for (var k = start; k < end; k++) {
        let a0 = load_source(at0 + k) * keep0;
        let a1 = load_source(at1 + k) * keep1;
        let b0_0 = load_weight(row + 0u * extents.out_channels + column0);
        let b0_1 = load_weight(row + 0u * extents.out_channels + column1);
        let b1_0 = load_weight(row + 1u * extents.out_channels + column0);
        let b1_1 = load_weight(row + 1u * extents.out_channels + column1);
        let b2_0 = load_weight(row + 2u * extents.out_channels + column0);
        let b2_1 = load_weight(row + 2u * extents.out_channels + column1);
        row += 4u * extents.out_channels;
        {
          let v = a0;
          sum0_0 = fma(vec4f(v[0]), b0_0, sum0_0);
          sum0_0 = fma(vec4f(v[1]), b1_0, sum0_0);
          sum0_0 = fma(vec4f(v[2]), b2_0, sum0_0);
          sum0_1 = fma(vec4f(v[0]), b0_1, sum0_1);
          sum0_1 = fma(vec4f(v[1]), b1_1, sum0_1);
          sum0_1 = fma(vec4f(v[2]), b2_1, sum0_1);
        }
        {
          let v = a1;
          sum1_0 = fma(vec4f(v[0]), b0_0, sum1_0);
          sum1_0 = fma(vec4f(v[1]), b1_0, sum1_0);
          sum1_0 = fma(vec4f(v[2]), b2_0, sum1_0);
          sum1_1 = fma(vec4f(v[0]), b0_1, sum1_1);
          sum1_1 = fma(vec4f(v[1]), b1_1, sum1_1);
          sum1_1 = fma(vec4f(v[2]), b2_1, sum1_1);
        }
      }
      start = end;
    }
  }


  let at_row0 = to0;
  let at_row1 = to1;
  if (column + 0u <= last_column) {
    let offset0 = load_bias(column + 0u);
    if (first + 0u < pixels) {
      set_result(at_row0 + column + 0u, sum0_0 + offset0);
    }
    if (first + 1u < pixels) {
      set_result(at_row1 + column + 0u, sum1_0 + offset0);
    }
  }
  if (column + 2u <= last_column) {
    let offset1 = load_bias(column + 2u);
    if (first + 0u < pixels) {
      set_result(at_row0 + column + 2u, sum0_1 + offset1);
    }
    if (first + 1u < pixels) {
      set_result(at_row1 + column + 2u, sum1_1 + offset1);
    }
  }
}
