// Convolution as implicit GEMM on a GPU: a workgroup shares blocks of its operands through workgroup memory.
//
// The same sums as convolution.wgsl, where the bindings and the walk over pixels and taps are described. A workgroup makes
// ROWS pixels × COLUMNS vec4s of output channels, each of its WIDTH × HEIGHT invocations 8 pixels × 2 vec4s of them. Step by
// step it fetches a block of 2 vec4s of channels of all its pixels and the 8 rows of weights that meet them: what one step
// multiplies lies in one half of the workgroup memory while the next is fetched into the other, so that a barrier a step is
// enough and fetches overlap with arithmetic. With STATISTICS it leaves those of each 64 pixels, by 8 invocations that hold 8 of
// them each: pixels are dealt out so that all shapes of a block have the same ones side by side.
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

// Indexed axis by axis: WebGPU clamps each index that is no constant, and what lies between two clamped ones then costs nothing.
struct Pixels {
  vectors: array<array<array<vec4f, 8>, 8>, ${ROWS / 64}>, // a vec4 of channels of all pixels, 64 after 64
  gap: array<vec4f, 4>, // keeps two vec4s of a pixel off the same banks
}
var<workgroup> pixel_block: array<Pixels, 4>; // 2 halves of 2 vec4s of channels
var<workgroup> weight_block: array<array<array<vec4f, ${WIDTH}>, 8>, 4>; // 2 halves of 2 vec4s of channels, 2 columns each

#if STRIDED
// Whether a tap meets the pixels of a residue class. By quotients: the remainder of a negative number is undefined in Vulkan,
// and on NVIDIA it is another one.
fn meets(tap: u32, class_y: u32, class_x: u32) -> bool {
  let y = i32(class_y) + extents.offset + i32(tap / extents.taps) * extents.tap_step;
  let x = i32(class_x) + extents.offset + i32(tap % extents.taps) * extents.tap_step;
  return y / extents.divisor * extents.divisor == y && x / extents.divisor * extents.divisor == x;
}
#end

@compute @workgroup_size(${WIDTH}, ${HEIGHT})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
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
  let first = (extents.first_group + group.y) * ${ROWS}u;
  if (first >= pixels) { return; }
  let first_column = group.x * ${COLUMNS}u;
  let last_column = extents.out_channels - 1u;
  let last_channel = extents.channels - 1u;
  let all_taps = extents.taps * extents.taps;

  // Neighboring invocations fetch the two vec4s of a pixel.
#unroll L 2 * ROWS / (WIDTH * HEIGHT)
  let place${L} = (index + ${L * WIDTH * HEIGHT}u) / 2u;
  let p${L} = min(first + place${L}, pixels - 1u);
  let line${L} = p${L} / columns;
  let image${L} = i32((first_image + line${L} / rows) * extents.height);
  let y${L} = i32(class_y + line${L} % rows * u32(divisor)) * extents.scale + extents.offset;
  let x${L} = i32(class_x + (p${L} - line${L} * columns) * u32(divisor)) * extents.scale + extents.offset;
  var at${L} = 0u;
  var keep${L} = 0.0;
  var a${L} = vec4f();
#end
#unroll L 8 * COLUMNS / (WIDTH * HEIGHT)
  var b${L} = vec4f();
#end

  // Sums of sums, BLOCK vec4s of channels each: a running sum over thousands of products would cost a digit.
#unroll R 8
#unroll J 2
  var sum${R}_${J} = vec4f();
  var part${R}_${J} = vec4f();
#end
#end
  var ends = false; // whether what is multiplied next is the last of a part

  let row = local.y / 8u * 64u + local.y % 8u; // the first of this invocation's, which are 8 apart
  let part = index % 2u; // which of the two vec4s of channels
  var tap = 0u;
  var channel = 0u;
  for (var turn = 0u; ; turn++) {
#if STRIDED
    while (tap < all_taps && !meets(tap, class_y, class_x)) { tap++; }
#end
    let fetching = tap < all_taps;
    if (fetching) {
      if (channel == 0u) {
        let tap_y = i32(tap / extents.taps) * extents.tap_step;
        let tap_x = i32(tap % extents.taps) * extents.tap_step;
#unroll L 2 * ROWS / (WIDTH * HEIGHT)
        {
          let sy = (y${L} + tap_y) / divisor;
          let sx = (x${L} + tap_x) / divisor;
          let inside = (sy >= 0) & (sy < i32(extents.height)) & (sx >= 0) & (sx < i32(extents.width));
          keep${L} = select(0.0, 1.0, inside);
          at${L} = select(0u, u32((image${L} + sy) * i32(extents.width) + sx) * extents.channels, inside);
        }
#end
      }
      let mine = channel + part;
      let within = select(0.0, 1.0, mine <= last_channel);
#unroll L 2 * ROWS / (WIDTH * HEIGHT)
      a${L} = load_source(at${L} + min(mine, last_channel)) * (keep${L} * within);
#end
#unroll L 8 * COLUMNS / (WIDTH * HEIGHT)
      {
        let of_weights = (index + ${L * WIDTH * HEIGHT}u) / ${COLUMNS}u;
        let column = (index + ${L * WIDTH * HEIGHT}u) % ${COLUMNS}u;
        // Rows past the last channel meet zeros.
        let from_row = (tap * extents.channels + min(channel + of_weights / 4u, last_channel)) * 4u + of_weights % 4u;
        b${L} = load_weight(from_row * extents.out_channels + min(first_column + column, last_column));
      }
#end
    }
    if (turn > 0u) {
      let half = (turn - 1u) % 2u;
#unroll K 2
      {
        let block = 2u * half + ${K}u;
#unroll R 8
        let v${R} = pixel_block[block].vectors[local.y / 8u][${R}][local.y % 8u];
#end
#unroll C 4
        let w${C}_0 = weight_block[block][${2 * C}][local.x];
        let w${C}_1 = weight_block[block][${2 * C + 1}][local.x];
#end
#unroll R 8
#unroll J 2
        part${R}_${J} = fma(vec4f(v${R}.x), w0_${J}, part${R}_${J});
        part${R}_${J} = fma(vec4f(v${R}.y), w1_${J}, part${R}_${J});
        part${R}_${J} = fma(vec4f(v${R}.z), w2_${J}, part${R}_${J});
        part${R}_${J} = fma(vec4f(v${R}.w), w3_${J}, part${R}_${J});
#end
#end
      }
#end
      if (ends) {
#unroll R 8
#unroll J 2
        sum${R}_${J} += part${R}_${J};
        part${R}_${J} = vec4f();
#end
#end
      }
    }
    if (!fetching) { break; }
    let half = turn % 2u;
#unroll L 2 * ROWS / (WIDTH * HEIGHT)
    pixel_block[2u * half + part].vectors[place${L} / 64u][place${L} / 8u % 8u][place${L} % 8u] = a${L};
#end
#unroll L 8 * COLUMNS / (WIDTH * HEIGHT)
    {
      let at = (index + ${L * WIDTH * HEIGHT}u) / ${WIDTH}u; // of 8 channels' 2 columns
      weight_block[2u * half + at / 8u][at % 8u][local.x] = b${L};
    }
#end
    workgroupBarrier();
    channel += 2u;
    ends = channel % ${BLOCK}u == 0u || channel > last_channel;
    if (channel > last_channel) {
      channel = 0u;
      tap++;
    }
  }

#if STATISTICS
  let leads = local.y % 8u == 0u;
  let begins = first + row; // where it leads: the first of 64 pixels
  let sums = local.y / 4u * 2u;
#unroll J 2
  workgroupBarrier();
  if (leads) { pixel_block[local.y / 8u].vectors[0][local.x / 8u][local.x % 8u] = sum0_${J}; }
  workgroupBarrier();
  {
    let pivot = pixel_block[local.y / 8u].vectors[0][local.x / 8u][local.x % 8u];
    var total = vec4f();
    var squares = vec4f();
#unroll R 8
    let d${R} = select(vec4f(), sum${R}_${J} - pivot, first + row + ${R * 8}u < pixels);
    total += d${R};
    squares += d${R} * d${R};
#end
    weight_block[local.y % 4u][sums][local.x] = total;
    weight_block[local.y % 4u][sums + 1u][local.x] = squares;
  }
  workgroupBarrier();
  if (leads && begins < pixels && first_column + local.x + ${J * WIDTH}u <= last_column) {
    var total = vec4f();
    var squares = vec4f();
#unroll I 8
    total += weight_block[${I % 4}][sums + ${2 * (I / 4)}u][local.x];
    squares += weight_block[${I % 4}][sums + ${2 * (I / 4) + 1}u][local.x];
#end
    let shift = total / f32(min(64u, pixels - begins));
    let at = 2u * (group.z * ((pixels + 63u) / 64u) + begins / 64u) * extents.out_channels;
    let column = first_column + local.x + ${J * WIDTH}u;
    set_statistics(at + column, sum0_${J} + shift);
    set_statistics(at + extents.out_channels + column, squares - total * shift);
  }
#end
#end

#unroll R 8
  if (first + row + ${R * 8}u < pixels) {
    let p = first + row + ${R * 8}u;
#if STRIDED
    let line = p / columns;
    let y = class_y + line % rows * u32(divisor);
    let x = class_x + (p - line * columns) * u32(divisor);
    let at = ((line / rows * extents.out_height + y) * extents.out_width + x) * extents.out_channels;
#else
    let at = (group.z * pixels + p) * extents.out_channels;
#end
#unroll J 2
    {
      let column = first_column + local.x + ${J * WIDTH}u;
      if (column <= last_column) {
#if BIAS
        set_result(at + column, sum${R}_${J} + load_bias(column));
#else
        set_result(at + column, sum${R}_${J});
#end
      }
    }
#end
  }
#end
}
