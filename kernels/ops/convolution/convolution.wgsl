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

@compute @workgroup_size(${LANES}, ${TILES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
#if STRIDED
  let divisor = extents.divisor;
  let class_y = group.z / u32(divisor);
  let class_x = group.z % u32(divisor);
  const first_image = 0u;
#else
  const divisor = 1;
  const class_y = 0u;
  const class_x = 0u;
  let first_image = group.z * extents.batch;
#end
  let rows = (extents.out_height - class_y + u32(divisor) - 1u) / u32(divisor);
  let columns = (extents.out_width - class_x + u32(divisor) - 1u) / u32(divisor);
  let pixels = extents.batch * rows * columns;
#if SUBGROUPS
  let first = (extents.first_group + group.y) * ${ROWS}u;
#else
  let first = ((extents.first_group + group.y) * ${TILES}u + local.y) * ${ROWS}u;
#end
  if (first >= pixels) { return; }
  let column = group.x * ${COLUMNS * LANES}u + lane;
  let last_column = extents.out_channels - 1u;
#unroll J COLUMNS
  let column${J} = min(column + ${J * LANES}u, last_column);
#end

#unroll G ROWS / SPREAD
#if SUBGROUPS
  let p${G} = min(first + ${G * SPREAD}u + lane, pixels - 1u);
#else
  let p${G} = min(first + ${G}u, pixels - 1u);
#end
  let line${G} = p${G} / columns;
  let image${G} = first_image + line${G} / rows;
  let out_y${G} = class_y + line${G} % rows * u32(divisor);
  let out_x${G} = class_x + (p${G} - line${G} * columns) * u32(divisor);
  let to${G} = ((image${G} * extents.out_height + out_y${G}) * extents.out_width + out_x${G}) * extents.out_channels;
  let y${G} = i32(out_y${G}) * extents.scale + extents.offset;
  let x${G} = i32(out_x${G}) * extents.scale + extents.offset;
#end

#unroll R ROWS
#unroll J COLUMNS
  var sum${R}_${J} = vec4f();
#end
#end

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
#unroll G ROWS / SPREAD
    let sy${G} = (y${G} + step_y) / divisor;
    let sx${G} = (x${G} + step_x) / divisor;
    let inside${G} = (sy${G} >= 0) & (sy${G} < i32(extents.height)) & (sx${G} >= 0) & (sx${G} < i32(extents.width));
    let keep${G} = select(0.0, 1.0, inside${G});
    let from${G} = (i32(image${G} * extents.height) + sy${G}) * i32(extents.width) + sx${G};
    let at${G} = select(0u, u32(from${G}) * extents.channels, inside${G});
    any_inside = any_inside | inside${G};
#end
    // Wide dilations meet only padding at most taps of a small map.
#if SUBGROUPS
    if (!subgroupAny(any_inside)) { continue; }
#else
    if (!any_inside) { continue; }
#end
    var start = 0u;
    while (start < extents.channels) {
      let end = min(start + ${BLOCK}u, extents.channels);
#if PARTS
      // Sums of sums: a plain running sum over thousands of terms would lose digits.
#unroll R ROWS
#unroll J COLUMNS
      var part${R}_${J} = vec4f();
#end
#end
#end
      for (var k = start; k < end; k++) {
#unroll G ROWS / SPREAD
        let a${G} = load_source(at${G} + k) * keep${G};
#end
#unroll K DEPTH
#unroll J COLUMNS
        let b${K}_${J} = load_weight(row + ${K}u * extents.out_channels + column${J});
#end
#end
        row += 4u * extents.out_channels;
#unroll R ROWS
        {
#if SUBGROUPS
          let v = subgroupBroadcast(a${R / SPREAD}, ${R % SPREAD}u);
#else
          let v = a${R};
#end
#unroll J COLUMNS
#unroll K DEPTH
#if PARTS
          part${R}_${J} = fma(vec4f(v[${K}]), b${K}_${J}, part${R}_${J});
#else
          sum${R}_${J} = fma(vec4f(v[${K}]), b${K}_${J}, sum${R}_${J});
#end
#end
#end
        }
#end
      }
#if PARTS
#unroll R ROWS
#unroll J COLUMNS
      sum${R}_${J} += part${R}_${J};
#end
#end
#end
      start = end;
    }
  }

#if STATISTICS
  let groups = (pixels + 15u) / 16u; // of a part
#unroll Q ROWS / 16
  if (first + ${16 * Q}u < pixels && column <= last_column) {
    // Deviations from one of the values lose no digits where the spread is small beside the mean.
    let count = min(16u, pixels - first - ${16 * Q}u);
    var total = vec4f();
    var squares = vec4f();
#unroll R 16
    let d${R} = select(vec4f(), sum${16 * Q + R}_0 - sum${16 * Q}_0, ${R}u < count);
    total += d${R};
    squares += d${R} * d${R};
#end
    let shift = total / f32(count);
    let at = 2u * (group.z * groups + first / 16u + ${Q}u) * extents.out_channels + column;
    set_statistics(at, sum${16 * Q}_0 + shift);
    set_statistics(at + extents.out_channels, squares - total * shift);
  }
#end
#end

#unroll R ROWS
#if SUBGROUPS
  let at_row${R} = subgroupBroadcast(to${R / SPREAD}, ${R % SPREAD}u);
#else
  let at_row${R} = to${R};
#end
#end
#unroll J COLUMNS
  if (column + ${J * LANES}u <= last_column) {
#if BIAS
    let offset${J} = load_bias(column + ${J * LANES}u);
#end
#unroll R ROWS
    if (first + ${R}u < pixels) {
#if BIAS
      set_result(at_row${R} + column + ${J * LANES}u, sum${R}_${J} + offset${J});
#else
      set_result(at_row${R} + column + ${J * LANES}u, sum${R}_${J});
#end
    }
#end
  }
#end
}
