// Convolution as implicit GEMM: rows are output pixels, columns output channels, the sum runs over taps and input channels.
//
//   source   f32[N, H, W, C]      what is gathered from
//   weight   f32[taps, C, O]      taps in scan order
//   bias     f32[O]               where BIAS is 1
//   result   f32[N, H', W', O]    Σ over taps, channels of source · weight (+ bias)
//
// Output pixel y meets tap t at source row (y·scale + t·tap_step + offset) / divisor, if that divides and lies inside:
//   forward         scale = stride, tap_step = dilation, offset = −padding, divisor = 1
//   input gradient  scale = 1, tap_step = −dilation, offset = padding, divisor = stride, with transposed weights
// Output pixels are walked by residue class modulo `divisor` (one class a layer of workgroups in z), so that all pixels of a
// workgroup agree on which taps divide, and none is multiplied in vain.
//
// An invocation sums a tile of ROWS pixels × COLUMNS vec4s of channels, which neighboring lanes continue along the channels.
// With SUBGROUPS the lanes of a workgroup are one subgroup: each loads some of the pixels and broadcasts them, so that no
// value is fetched twice. Without, every invocation loads its pixels itself, and neighbors hit the same cache lines.
//
// Twin: kernels/reference/convolution.ts

struct Extents {
  batch: u32,
  height: u32, // of source
  width: u32,
  channels: u32, // of source, in vec4s
  out_height: u32,
  out_width: u32,
  out_channels: u32, // in vec4s
  taps: u32, // per axis
  scale: i32,
  tap_step: i32,
  offset: i32,
  divisor: i32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
#if BIAS
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
#end
@group(0) @binding(${3 + BIAS}) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(${LANES}, ${TILES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let divisor = u32(extents.divisor);
  let class_y = group.z / divisor;
  let class_x = group.z % divisor;
  let rows = (extents.out_height - class_y + divisor - 1u) / divisor;
  let columns = (extents.out_width - class_x + divisor - 1u) / divisor;
  let pixels = extents.batch * rows * columns;
  let first = (group.y * ${TILES}u + local.y) * ${ROWS}u;
  if (first >= pixels) { return; }
  let column = group.x * ${COLUMNS * LANES}u + lane;
  let last_column = extents.out_channels - 1u;

#unroll G ROWS / SPREAD
#if SUBGROUPS
  let p${G} = min(first + ${G * SPREAD}u + lane, pixels - 1u);
#end
#if 1 - SUBGROUPS
  let p${G} = min(first + ${G}u, pixels - 1u);
#end
  let image${G} = i32(p${G} / (rows * columns) * extents.height);
  let y${G} = i32(class_y + p${G} / columns % rows * divisor) * extents.scale + extents.offset;
  let x${G} = i32(class_x + p${G} % columns * divisor) * extents.scale + extents.offset;
#end

#unroll R ROWS
#unroll J COLUMNS
  var sum${R}_${J} = vec4f();
#end
#end

  for (var tap = 0u; tap < extents.taps * extents.taps; tap++) {
    let tap_y = i32(tap / extents.taps) * extents.tap_step;
    let tap_x = i32(tap % extents.taps) * extents.tap_step;
    if ((i32(class_y) + extents.offset + tap_y) % extents.divisor != 0) { continue; }
    if ((i32(class_x) + extents.offset + tap_x) % extents.divisor != 0) { continue; }
    var any_inside = false;
#unroll G ROWS / SPREAD
    let sy${G} = (y${G} + tap_y) / extents.divisor;
    let sx${G} = (x${G} + tap_x) / extents.divisor;
    let inside${G} = sy${G} >= 0 && sy${G} < i32(extents.height) && sx${G} >= 0 && sx${G} < i32(extents.width);
    let keep${G} = select(0.0, 1.0, inside${G});
    let at${G} = select(0u, u32((image${G} + sy${G}) * i32(extents.width) + sx${G}) * extents.channels, inside${G});
    any_inside = any_inside || inside${G};
#end
    // Wide dilations meet only padding at most taps of a small map.
#if SUBGROUPS
    if (!subgroupAny(any_inside)) { continue; }
#end
#if 1 - SUBGROUPS
    if (!any_inside) { continue; }
#end
    var row = tap * extents.channels * 4u * extents.out_channels;
    for (var start = 0u; start < extents.channels; start += ${BLOCK}u) {
      // Sums of sums: a plain running sum over thousands of terms would lose digits.
#unroll R ROWS
#unroll J COLUMNS
      var part${R}_${J} = vec4f();
#end
#end
      let end = min(start + ${BLOCK}u, extents.channels);
      for (var k = start; k < end; k++) {
#unroll G ROWS / SPREAD
        let a${G} = source[at${G} + k] * keep${G};
#end
#unroll K 4
#unroll J COLUMNS
        let b${K}_${J} = weight[row + ${K}u * extents.out_channels + min(column + ${J * LANES}u, last_column)];
#end
#end
        row += 4u * extents.out_channels;
#unroll R ROWS
        {
#if SUBGROUPS
          let v = subgroupBroadcast(a${R / SPREAD}, ${R % SPREAD}u);
#end
#if 1 - SUBGROUPS
          let v = a${R};
#end
#unroll J COLUMNS
          part${R}_${J} = fma(vec4f(v.x), b0_${J}, part${R}_${J});
          part${R}_${J} = fma(vec4f(v.y), b1_${J}, part${R}_${J});
          part${R}_${J} = fma(vec4f(v.z), b2_${J}, part${R}_${J});
          part${R}_${J} = fma(vec4f(v.w), b3_${J}, part${R}_${J});
#end
        }
#end
      }
#unroll R ROWS
#unroll J COLUMNS
      sum${R}_${J} += part${R}_${J};
#end
#end
    }
  }

#unroll J COLUMNS
  if (column + ${J * LANES}u <= last_column) {
#if BIAS
    let offset${J} = bias[column + ${J * LANES}u];
#end
#unroll R ROWS
    if (first + ${R}u < pixels) {
      let p = first + ${R}u;
      let y = class_y + p / columns % rows * divisor;
      let x = class_x + p % columns * divisor;
      let at = ((p / (rows * columns) * extents.out_height + y) * extents.out_width + x) * extents.out_channels;
#if BIAS
      result[at + column + ${J * LANES}u] = sum${R}_${J} + offset${J};
#end
#if 1 - BIAS
      result[at + column + ${J * LANES}u] = sum${R}_${J};
#end
    }
#end
  }
#end
}
