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
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(2, 2)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let divisor = u32(extents.divisor);
  let class_y = group.z / divisor;
  let class_x = group.z % divisor;
  let rows = (extents.out_height - class_y + divisor - 1u) / divisor;
  let columns = (extents.out_width - class_x + divisor - 1u) / divisor;
  let pixels = extents.batch * rows * columns;
  let first = (group.y * 2u + local.y) * 2u;
  if (first >= pixels) { return; }
  let column = group.x * 4u + lane;
  let last_column = extents.out_channels - 1u;

  let p0 = min(first + 0u, pixels - 1u);
  let image0 = i32(p0 / (rows * columns) * extents.height);
  let y0 = i32(class_y + p0 / columns % rows * divisor) * extents.scale + extents.offset;
  let x0 = i32(class_x + p0 % columns * divisor) * extents.scale + extents.offset;
  let p1 = min(first + 1u, pixels - 1u);
  let image1 = i32(p1 / (rows * columns) * extents.height);
  let y1 = i32(class_y + p1 / columns % rows * divisor) * extents.scale + extents.offset;
  let x1 = i32(class_x + p1 % columns * divisor) * extents.scale + extents.offset;

  var sum0_0 = vec4f();
  var sum0_1 = vec4f();
  var sum1_0 = vec4f();
  var sum1_1 = vec4f();

  for (var tap = 0u; tap < extents.taps * extents.taps; tap++) {
    let tap_y = i32(tap / extents.taps) * extents.tap_step;
    let tap_x = i32(tap % extents.taps) * extents.tap_step;
    if ((i32(class_y) + extents.offset + tap_y) % extents.divisor != 0) { continue; }
    if ((i32(class_x) + extents.offset + tap_x) % extents.divisor != 0) { continue; }
    var any_inside = false;
    let sy0 = (y0 + tap_y) / extents.divisor;
    let sx0 = (x0 + tap_x) / extents.divisor;
    let inside0 = sy0 >= 0 && sy0 < i32(extents.height) && sx0 >= 0 && sx0 < i32(extents.width);
    let keep0 = select(0.0, 1.0, inside0);
    let at0 = select(0u, u32((image0 + sy0) * i32(extents.width) + sx0) * extents.channels, inside0);
    any_inside = any_inside || inside0;
    let sy1 = (y1 + tap_y) / extents.divisor;
    let sx1 = (x1 + tap_x) / extents.divisor;
    let inside1 = sy1 >= 0 && sy1 < i32(extents.height) && sx1 >= 0 && sx1 < i32(extents.width);
    let keep1 = select(0.0, 1.0, inside1);
    let at1 = select(0u, u32((image1 + sy1) * i32(extents.width) + sx1) * extents.channels, inside1);
    any_inside = any_inside || inside1;
    // Wide dilations meet only padding at most taps of a small map.
    if (!any_inside) { continue; }
    var row = tap * extents.channels * 4u * extents.out_channels;
    for (var start = 0u; start < extents.channels; start += 8u) {
      // Sums of sums: a plain running sum over thousands of terms would lose digits.
      var part0_0 = vec4f();
      var part0_1 = vec4f();
      var part1_0 = vec4f();
      var part1_1 = vec4f();
      let end = min(start + 8u, extents.channels);
      for (var k = start; k < end; k++) {
        let a0 = source[at0 + k] * keep0;
        let a1 = source[at1 + k] * keep1;
        let b0_0 = weight[row + 0u * extents.out_channels + min(column + 0u, last_column)];
        let b0_1 = weight[row + 0u * extents.out_channels + min(column + 2u, last_column)];
        let b1_0 = weight[row + 1u * extents.out_channels + min(column + 0u, last_column)];
        let b1_1 = weight[row + 1u * extents.out_channels + min(column + 2u, last_column)];
        let b2_0 = weight[row + 2u * extents.out_channels + min(column + 0u, last_column)];
        let b2_1 = weight[row + 2u * extents.out_channels + min(column + 2u, last_column)];
        let b3_0 = weight[row + 3u * extents.out_channels + min(column + 0u, last_column)];
        let b3_1 = weight[row + 3u * extents.out_channels + min(column + 2u, last_column)];
        row += 4u * extents.out_channels;
        {
          let v = a0;
          part0_0 = fma(vec4f(v.x), b0_0, part0_0);
          part0_0 = fma(vec4f(v.y), b1_0, part0_0);
          part0_0 = fma(vec4f(v.z), b2_0, part0_0);
          part0_0 = fma(vec4f(v.w), b3_0, part0_0);
          part0_1 = fma(vec4f(v.x), b0_1, part0_1);
          part0_1 = fma(vec4f(v.y), b1_1, part0_1);
          part0_1 = fma(vec4f(v.z), b2_1, part0_1);
          part0_1 = fma(vec4f(v.w), b3_1, part0_1);
        }
        {
          let v = a1;
          part1_0 = fma(vec4f(v.x), b0_0, part1_0);
          part1_0 = fma(vec4f(v.y), b1_0, part1_0);
          part1_0 = fma(vec4f(v.z), b2_0, part1_0);
          part1_0 = fma(vec4f(v.w), b3_0, part1_0);
          part1_1 = fma(vec4f(v.x), b0_1, part1_1);
          part1_1 = fma(vec4f(v.y), b1_1, part1_1);
          part1_1 = fma(vec4f(v.z), b2_1, part1_1);
          part1_1 = fma(vec4f(v.w), b3_1, part1_1);
        }
      }
      sum0_0 += part0_0;
      sum0_1 += part0_1;
      sum1_0 += part1_0;
      sum1_1 += part1_1;
    }
  }

  if (column + 0u <= last_column) {
    let offset0 = bias[column + 0u];
    if (first + 0u < pixels) {
      let p = first + 0u;
      let y = class_y + p / columns % rows * divisor;
      let x = class_x + p % columns * divisor;
      let at = ((p / (rows * columns) * extents.out_height + y) * extents.out_width + x) * extents.out_channels;
      result[at + column + 0u] = sum0_0 + offset0;
    }
    if (first + 1u < pixels) {
      let p = first + 1u;
      let y = class_y + p / columns % rows * divisor;
      let x = class_x + p % columns * divisor;
      let at = ((p / (rows * columns) * extents.out_height + y) * extents.out_width + x) * extents.out_channels;
      result[at + column + 0u] = sum1_0 + offset0;
    }
  }
  if (column + 2u <= last_column) {
    let offset1 = bias[column + 2u];
    if (first + 0u < pixels) {
      let p = first + 0u;
      let y = class_y + p / columns % rows * divisor;
      let x = class_x + p % columns * divisor;
      let at = ((p / (rows * columns) * extents.out_height + y) * extents.out_width + x) * extents.out_channels;
      result[at + column + 2u] = sum0_1 + offset1;
    }
    if (first + 1u < pixels) {
      let p = first + 1u;
      let y = class_y + p / columns % rows * divisor;
      let x = class_x + p % columns * divisor;
      let at = ((p / (rows * columns) * extents.out_height + y) * extents.out_width + x) * extents.out_channels;
      result[at + column + 2u] = sum1_1 + offset1;
    }
  }
}
