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
// INPUTS vec4s of neighboring pixels, and broadcasts share them; rows run on from tap to tap, so that a stem of three channels
// fills a tile with its taps. Without, a tile stays within a tap, and a workgroup is TILES of them side by side.
// A 1×1 convolution of stride 1 passes its pixels as one image of `width` columns whose last row may be short: `pixels`.
//
// At a tap, the pixels of an image whose source is no padding are a rectangle. Only these are walked, those of all images as one
// sequence, PIXELS in a turn by FETCHES fetches: a driver copies and masks all sums once a turn, so that a few pixels are better
// than one. A tile that has rows of several taps walks what holds all of their rectangles, and multiplies by 0.
//
// Uniforms:
//   height        of source
//   channels      in vec4s
//   out_channels  in vec4s
//   rows          N · out_height
//   pixels        of gradient, in all
//   taps          per axis
//   first_group   of a launch in parts, along x
//
// Twin: kernels/reference/convolution/convolution.ts

// The first pixel along an axis whose source at a tap does not lie before the image.
fn first_inside(tap: i32, out_size: u32) -> u32 {
  return min(u32((max(-tap, 0) + extents.stride - 1) / extents.stride), out_size);
}

// The one after the last whose source does not lie past it; the first one if there are none.
fn end_inside(tap: i32, size: u32, out_size: u32) -> u32 {
  let end = u32((max(i32(size) - tap, 0) + extents.stride - 1) / extents.stride);
  return max(first_inside(tap, out_size), min(end, out_size));
}

// How many rows before a row of the gradient, over all images, are rows of a rectangle.
fn rows_inside(row: u32, y0: u32, height: u32) -> u32 {
  let y = row % extents.out_height;
  return row / extents.out_height * height + min(y - min(y, y0), height);
}

@compute @workgroup_size(${LANES}, ${TILES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let column_tiles = (extents.out_channels + ${LANES - 1}u) / ${LANES}u;
  let tile = extents.first_group + group.x;
  let column = tile % column_tiles * ${LANES}u + lane;
#if SUBGROUPS
  // Owners are the vec4s of input channels, tap after tap; a lane fetches for one of the tile's.
  let owners = extents.taps * extents.taps * extents.channels;
  let first_owner = tile / column_tiles * ${INPUTS}u;
  let owner = min(first_owner + lane % ${INPUTS}u, owners - 1u);
  let tap = owner / extents.channels;
  let channel = owner % extents.channels;
#else
  let input = (tile / column_tiles * ${TILES}u + local.y) * ${INPUTS}u;
  let tap = group.y;
#end
  let tap_y = i32(tap / extents.taps) * extents.dilation - extents.padding;
  let tap_x = i32(tap % extents.taps) * extents.dilation - extents.padding;
  let safe_column = min(column, extents.out_channels - 1u);

#unroll I 4 * INPUTS
  var sum${I} = vec4f();
#end

  // The rectangle: columns from x0, rows from y0.
#if SUBGROUPS
  let x0 = subgroupMin(first_inside(tap_x, extents.out_width));
  let y0 = subgroupMin(first_inside(tap_y, extents.out_height));
  let columns = subgroupMax(end_inside(tap_x, extents.width, extents.out_width)) - x0;
  let height = subgroupMax(end_inside(tap_y, extents.height, extents.out_height)) - y0;
  let ahead = lane / ${INPUTS}u;
#else
  let x0 = first_inside(tap_x, extents.out_width);
  let y0 = first_inside(tap_y, extents.out_height);
  let columns = end_inside(tap_x, extents.width, extents.out_width) - x0;
  let height = end_inside(tap_y, extents.height, extents.out_height) - y0;
  let ahead = 0u;
#end
  // Rows of rectangles, of all images, in the splits before this one, and pixels in this one.
  let first_row = rows_inside(group.z * extents.rows_per_split, y0, height);
  let end_row = rows_inside(min((group.z + 1u) * extents.rows_per_split, extents.rows), y0, height);
  let count = min((end_row - first_row) * columns, extents.pixels - first_row * columns);

  // Where the next fetch is, and how far it is to the one after; what is empty counts as 1, as it divides.
  let wide = max(columns, 1u);
  let high = max(height, 1u);
  let row = first_row + ahead / wide;
  var x = ahead % wide;
  var y = row % high;
  var image = row / high;
  let step_x = ${PIXELS / FETCHES}u % wide;
  let step_y = ${PIXELS / FETCHES}u / wide % high;
  let step_image = ${PIXELS / FETCHES}u / wide / high;

  for (var turn = 0u; turn < count; turn += ${PIXELS}u) {
#unroll F FETCHES
    let sx${F} = i32(x0 + x) * extents.stride + tap_x;
    let sy${F} = i32(y0 + y) * extents.stride + tap_y;
    let live${F} = turn + ${F * PIXELS / FETCHES}u + ahead < count;
    let inside${F} = live${F} & (u32(sx${F}) < extents.width) & (u32(sy${F}) < extents.height);
    let source_pixel${F} = (image * extents.height + u32(sy${F})) * extents.width + u32(sx${F});
    let at${F} = select(0u, source_pixel${F} * extents.channels, inside${F});
    let keep${F} = select(0.0, 1.0, inside${F});
    let pixel${F} = (image * extents.out_height + y0 + y) * extents.out_width + x0 + x;
    let from${F} = select(0u, pixel${F} * extents.out_channels, live${F});
#if SUBGROUPS
    let fetched${F} = load_source(at${F} + channel) * keep${F};
#end
    x += step_x;
    y += step_y + select(0u, 1u, x >= wide);
    image += step_image + select(0u, 1u, y >= high);
    x -= select(0u, wide, x >= wide);
    y -= select(0u, high, y >= high);
#end
#unroll P PIXELS
#if SUBGROUPS
    let from_${P} = subgroupBroadcast(from${P * FETCHES / PIXELS}, ${P % (PIXELS / FETCHES) * INPUTS}u);
    let g${P} = load_gradient(from_${P} + safe_column);
#else
    let g${P} = load_gradient(from${P} + safe_column);
#end
#end
    // Sum by sum, so that each is in a register for all pixels of the turn.
#unroll I INPUTS
#unroll P PIXELS
    {
#if SUBGROUPS
      let v = subgroupBroadcast(fetched${P * FETCHES / PIXELS}, ${P % (PIXELS / FETCHES) * INPUTS + I}u);
#else
      let v = load_source(at${P} + min(input + ${I}u, extents.channels - 1u)) * keep${P};
#end
      sum${4 * I} = fma(vec4f(v.x), g${P}, sum${4 * I});
      sum${4 * I + 1} = fma(vec4f(v.y), g${P}, sum${4 * I + 1});
      sum${4 * I + 2} = fma(vec4f(v.z), g${P}, sum${4 * I + 2});
      sum${4 * I + 3} = fma(vec4f(v.w), g${P}, sum${4 * I + 3});
    }
#end
#end
  }

  if (column >= extents.out_channels) { return; }
#if SUBGROUPS
  let rows = owners * 4u;
  let first_result = first_owner * 4u;
  let base = group.z * rows;
#else
  let rows = extents.channels * 4u;
  let first_result = input * 4u;
  let base = (group.z * extents.taps * extents.taps + tap) * rows;
#end
#unroll I 4 * INPUTS
  if (first_result + ${I}u < rows) {
    let at = (base + first_result + ${I}u) * extents.out_channels + column;
    if (extents.accumulate != 0u) {
      set_result(at, load_result(at) + sum${I});
    } else {
      set_result(at, sum${I});
    }
  }
#end
}
