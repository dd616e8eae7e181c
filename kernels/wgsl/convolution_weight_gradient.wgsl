// Gradient of a convolution by its weights: a GEMM of (taps × input channels) × output channels over all pixels.
//
//   source    f32[N, H, W, C]            the convolution's input
//   gradient  f32[N, H', W', O]          of its output
//   result    f32[splits, taps, C, O]    Σ over the pixels of a split of source · gradient
//
// The pixels are split among the layers of workgroups in z, by whole rows; the parts are summed in a second pass in fixed
// order (sum_partials.wgsl), never by atomics. With one split the result is the gradient itself, added to if ACCUMULATE.
//
// An invocation sums a tile of 4·INPUTS rows of the result × one vec4 of output channels. With SUBGROUPS, one fetch brings the
// INPUTS vec4s of PIXELS neighboring pixels, and broadcasts share them; rows run on from tap to tap, so that a stem of three
// channels fills a tile with its taps. Without, a tile stays within a tap, and a workgroup is TILES of them side by side.
// A 1×1 convolution of stride 1 passes its pixels as one image of `width` columns whose last row may be short: `pixels`.
//
// Twin: kernels/reference/convolution.ts

struct Extents {
  height: u32, // of source
  width: u32,
  channels: u32, // in vec4s
  out_height: u32,
  out_width: u32,
  out_channels: u32, // in vec4s
  rows: u32, // N · out_height
  rows_per_split: u32,
  pixels: u32, // of gradient, in all
  taps: u32, // per axis
  stride: i32,
  dilation: i32,
  padding: i32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(${LANES}, ${TILES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let column_tiles = (extents.out_channels + ${LANES - 1}u) / ${LANES}u;
  let column = group.x % column_tiles * ${LANES}u + lane;
#if SUBGROUPS
  // Owners are the vec4s of input channels, tap after tap; a lane fetches for one of the tile's.
  let owners = extents.taps * extents.taps * extents.channels;
  let first_owner = group.x / column_tiles * ${INPUTS}u;
  let owner = min(first_owner + lane % ${INPUTS}u, owners - 1u);
  let tap = owner / extents.channels;
  let channel = owner % extents.channels;
#end
#if 1 - SUBGROUPS
  let input = (group.x / column_tiles * ${TILES}u + local.y) * ${INPUTS}u;
  let tap = group.y;
#end
  let tap_y = i32(tap / extents.taps) * extents.dilation - extents.padding;
  let tap_x = i32(tap % extents.taps) * extents.dilation - extents.padding;
  let safe_column = min(column, extents.out_channels - 1u);

#unroll I 4 * INPUTS
  var sum${I} = vec4f();
#end

  let first_row = group.z * extents.rows_per_split;
  let end_row = min(first_row + extents.rows_per_split, extents.rows);
  for (var row = first_row; row < end_row; row++) {
    let sy = i32(row % extents.out_height) * extents.stride + tap_y;
    let row_inside = sy >= 0 && sy < i32(extents.height);
#if SUBGROUPS
    if (!subgroupAny(row_inside)) { continue; }
#end
#if 1 - SUBGROUPS
    if (!row_inside) { continue; }
#end
    let source_row = i32(row / extents.out_height * extents.height) + sy;
    let left = row * extents.out_width;
    let columns = min(extents.out_width, extents.pixels - left);
    for (var x = 0u; x < columns; x += ${PIXELS}u) {
#if SUBGROUPS
      let mine = x + lane / ${INPUTS}u;
      let sx = i32(mine) * extents.stride + tap_x;
      let inside = row_inside && mine < columns && sx >= 0 && sx < i32(extents.width);
      let at = select(0u, u32(source_row * i32(extents.width) + sx) * extents.channels, inside);
      let fetched = source[at + channel] * select(0.0, 1.0, inside);
#end
#unroll P PIXELS
      let g${P} = gradient[min(left + x + ${P}u, extents.pixels - 1u) * extents.out_channels + safe_column];
#end
#unroll P PIXELS
#if 1 - SUBGROUPS
      let sx${P} = i32(x + ${P}u) * extents.stride + tap_x;
      let inside${P} = x + ${P}u < columns && sx${P} >= 0 && sx${P} < i32(extents.width);
      let at${P} = select(0u, u32(source_row * i32(extents.width) + sx${P}) * extents.channels, inside${P});
      let keep${P} = select(0.0, 1.0, inside${P});
#end
#unroll I INPUTS
      {
#if SUBGROUPS
        let v = subgroupBroadcast(fetched, ${P * INPUTS + I}u);
#end
#if 1 - SUBGROUPS
        let v = source[at${P} + min(input + ${I}u, extents.channels - 1u)] * keep${P};
#end
        sum${4 * I} = fma(vec4f(v.x), g${P}, sum${4 * I});
        sum${4 * I + 1} = fma(vec4f(v.y), g${P}, sum${4 * I + 1});
        sum${4 * I + 2} = fma(vec4f(v.z), g${P}, sum${4 * I + 2});
        sum${4 * I + 3} = fma(vec4f(v.w), g${P}, sum${4 * I + 3});
      }
#end
#end
    }
  }

  if (column >= extents.out_channels) { return; }
#if SUBGROUPS
  let rows = owners * 4u;
  let first_result = first_owner * 4u;
  let base = group.z * rows;
#end
#if 1 - SUBGROUPS
  let rows = extents.channels * 4u;
  let first_result = input * 4u;
  let base = (group.z * extents.taps * extents.taps + tap) * rows;
#end
#unroll I 4 * INPUTS
  if (first_result + ${I}u < rows) {
    let at = (base + first_result + ${I}u) * extents.out_channels + column;
    if (extents.accumulate != 0u) {
      result[at] = result[at] + sum${I};
    } else {
      result[at] = sum${I};
    }
  }
#end
}
