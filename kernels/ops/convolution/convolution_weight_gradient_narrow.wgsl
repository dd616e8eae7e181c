// Gradient of a convolution by its weights for few output channels: lanes run along taps and input channels.
//
// The same sums as convolution_weight_gradient.wgsl, where the bindings and splits are described. There, lanes run along the
// output channels. Here each lane owns one vec4 of input channels at one tap, and all OUTPUTS vec4s of output channels; the
// gradients of neighboring pixels come in one fetch and are broadcast. Pixels are walked as there.
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

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let owners = extents.taps * extents.taps * extents.channels;
  let owner = (extents.first_group + group.x) * ${LANES}u + lane;
  let tap = min(owner, owners - 1u) / extents.channels;
  let channel = min(owner, owners - 1u) % extents.channels;
  let tap_y = i32(tap / extents.taps) * extents.dilation - extents.padding;
  let tap_x = i32(tap % extents.taps) * extents.dilation - extents.padding;
  let last_output = extents.out_channels - 1u;

#unroll O 4 * OUTPUTS
  var sum${O} = vec4f();
#end

  // The rectangle: columns from x0, rows from y0.
  let x0 = subgroupMin(first_inside(tap_x, extents.out_width));
  let y0 = subgroupMin(first_inside(tap_y, extents.out_height));
  let columns = subgroupMax(end_inside(tap_x, extents.width, extents.out_width)) - x0;
  let height = subgroupMax(end_inside(tap_y, extents.height, extents.out_height)) - y0;
  let ahead = lane / ${OUTPUTS}u;
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
  // Of the source pixel that a tap of no offset meets.
  let skip_x = i32(x0) * extents.stride + tap_x;
  let skip_y = i32(y0) * extents.stride + tap_y;

  for (var turn = 0u; turn < count; turn += ${PIXELS}u) {
#unroll F FETCHES
    let live${F} = turn + ${F * PIXELS / FETCHES}u + ahead < count;
    let pixel${F} = (image * extents.out_height + y0 + y) * extents.out_width + x0 + x;
    let from${F} = select(0u, pixel${F} * extents.out_channels, live${F});
    let fetched${F} = load_gradient(from${F} + min(lane % ${OUTPUTS}u, last_output));
    let column${F} = x;
    let row${F} = y;
    // Past the last pixel no row is inside.
    let image${F} = select(extents.rows, image, live${F});
    x += step_x;
    y += step_y + select(0u, 1u, x >= wide);
    image += step_image + select(0u, 1u, y >= high);
    x -= select(0u, wide, x >= wide);
    y -= select(0u, high, y >= high);
#end
#unroll P PIXELS
    let of${P} = subgroupBroadcast(image${P * FETCHES / PIXELS}, ${P % (PIXELS / FETCHES) * OUTPUTS}u);
    let sx${P} = i32(subgroupBroadcast(column${P * FETCHES / PIXELS}, ${P % (PIXELS / FETCHES) * OUTPUTS}u)) * extents.stride + skip_x;
    let sy${P} = i32(subgroupBroadcast(row${P * FETCHES / PIXELS}, ${P % (PIXELS / FETCHES) * OUTPUTS}u)) * extents.stride + skip_y;
    let inside${P} = (of${P} < extents.rows) & (u32(sx${P}) < extents.width) & (u32(sy${P}) < extents.height);
    let source_pixel${P} = (of${P} * extents.height + u32(sy${P})) * extents.width + u32(sx${P});
    let at${P} = select(0u, source_pixel${P} * extents.channels, inside${P});
    let v${P} = load_source(at${P} + channel) * select(0.0, 1.0, inside${P});
#end
    // Sum by sum, so that each is in a register for all pixels of the turn.
#unroll J OUTPUTS
#unroll P PIXELS
    {
      let g = subgroupBroadcast(fetched${P * FETCHES / PIXELS}, ${P % (PIXELS / FETCHES) * OUTPUTS + J}u);
      sum${4 * J} = fma(v${P}, vec4f(g.x), sum${4 * J});
      sum${4 * J + 1} = fma(v${P}, vec4f(g.y), sum${4 * J + 1});
      sum${4 * J + 2} = fma(v${P}, vec4f(g.z), sum${4 * J + 2});
      sum${4 * J + 3} = fma(v${P}, vec4f(g.w), sum${4 * J + 3});
    }
#end
#end
  }

  if (owner >= owners) { return; }
  let base = (group.z * owners + owner) * 4u * extents.out_channels;
#unroll J OUTPUTS
  if (${J}u <= last_output) {
    var r0 = vec4f(sum${4 * J}.x, sum${4 * J + 1}.x, sum${4 * J + 2}.x, sum${4 * J + 3}.x);
    var r1 = vec4f(sum${4 * J}.y, sum${4 * J + 1}.y, sum${4 * J + 2}.y, sum${4 * J + 3}.y);
    var r2 = vec4f(sum${4 * J}.z, sum${4 * J + 1}.z, sum${4 * J + 2}.z, sum${4 * J + 3}.z);
    var r3 = vec4f(sum${4 * J}.w, sum${4 * J + 1}.w, sum${4 * J + 2}.w, sum${4 * J + 3}.w);
    let at = base + ${J}u;
    if (extents.accumulate != 0u) {
      r0 += load_result(at);
      r1 += load_result(at + extents.out_channels);
      r2 += load_result(at + 2u * extents.out_channels);
      r3 += load_result(at + 3u * extents.out_channels);
    }
    set_result(at, r0);
    set_result(at + extents.out_channels, r1);
    set_result(at + 2u * extents.out_channels, r2);
    set_result(at + 3u * extents.out_channels, r3);
  }
#end
}
