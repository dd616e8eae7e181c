// Gradient of a convolution by its weights on a GPU: a workgroup shares blocks of its operands through workgroup memory.
//
// The same sums as convolution_weight_gradient.wgsl, where the bindings and splits are described. A workgroup makes ROWS vec4s
// of input channels, tap after tap, × COLUMNS vec4s of output channels, each of its WIDTH × HEIGHT invocations 2 × 2 of them
// (8 × 8 weights). Step by step it fetches these channels of 8 pixels, as convolution_blocked.wgsl does.
//
// Uniforms:
//   height        of source
//   channels      in vec4s
//   out_channels  in vec4s
//   rows          N · out_height
//   pixels        of gradient, in all
//   taps          per axis
//   first_group   of a launch in parts, along y
//
// Twin: kernels/reference/convolution/convolution.ts

// Two halves of 8 pixels; indexed axis by axis for the reason that convolution_blocked.wgsl gives.
var<workgroup> source_block: array<array<array<array<vec4f, ${HEIGHT}>, 2>, 8>, 2>;
var<workgroup> gradient_block: array<array<array<array<vec4f, ${WIDTH}>, 2>, 8>, 2>;

@compute @workgroup_size(${WIDTH}, ${HEIGHT})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let owners = extents.taps * extents.taps * extents.channels;
  let first_owner = (extents.first_group + group.y) * ${ROWS}u;
  let first_column = group.x * ${COLUMNS}u;
  let last_column = extents.out_channels - 1u;
  // The pixels of this split.
  let start = group.z * extents.rows_per_split * extents.out_width;
  let end = min((group.z + 1u) * extents.rows_per_split * extents.out_width, extents.pixels);

#unroll L 8 * ROWS / (WIDTH * HEIGHT)
  // Which vec4 of channels at which tap this invocation fetches, and where its next pixel lies.
  let owner${L} = min(first_owner + (index + ${L * WIDTH * HEIGHT}u) % ${ROWS}u, owners - 1u);
  let tap${L} = owner${L} / extents.channels;
  let channel${L} = owner${L} % extents.channels;
  let tap_y${L} = i32(tap${L} / extents.taps) * extents.dilation - extents.padding;
  let tap_x${L} = i32(tap${L} % extents.taps) * extents.dilation - extents.padding;
  var p${L} = start + (index + ${L * WIDTH * HEIGHT}u) / ${ROWS}u;
  var x${L} = p${L} % extents.out_width;
  var y${L} = p${L} / extents.out_width % extents.out_height;
  var image${L} = p${L} / extents.out_width / extents.out_height;
  var a${L} = vec4f();
#end
#unroll L 8 * COLUMNS / (WIDTH * HEIGHT)
  var b${L} = vec4f();
#end

#unroll I 8
  var sum${I}_0 = vec4f();
  var sum${I}_1 = vec4f();
#end

  let turns = (end - start + 7u) / 8u;
  for (var turn = 0u; turn <= turns; turn++) {
    if (turn < turns) {
#unroll L 8 * ROWS / (WIDTH * HEIGHT)
      {
        let sy = i32(y${L}) * extents.stride + tap_y${L};
        let sx = i32(x${L}) * extents.stride + tap_x${L};
        let inside = (p${L} < end) & (sy >= 0) & (sy < i32(extents.height)) & (sx >= 0) & (sx < i32(extents.width));
        let source_row = i32(image${L} * extents.height) + sy;
        let at = select(0u, u32(source_row * i32(extents.width) + sx) * extents.channels, inside);
        a${L} = load_source(at + channel${L}) * select(0.0, 1.0, inside);
        p${L} += 8u;
        x${L} += 8u;
        while (x${L} >= extents.out_width) {
          x${L} -= extents.out_width;
          y${L}++;
          if (y${L} == extents.out_height) {
            y${L} = 0u;
            image${L}++;
          }
        }
      }
#end
#unroll L 8 * COLUMNS / (WIDTH * HEIGHT)
      {
        // Pixels past the end meet zeros.
        let p = min(start + turn * 8u + (index + ${L * WIDTH * HEIGHT}u) / ${COLUMNS}u, extents.pixels - 1u);
        let column = min(first_column + (index + ${L * WIDTH * HEIGHT}u) % ${COLUMNS}u, last_column);
        b${L} = load_gradient(p * extents.out_channels + column);
      }
#end
    }
    if (turn > 0u) {
      let half = (turn - 1u) % 2u;
#unroll P 8
      {
        let v0 = source_block[half][${P}][0][local.y];
        let v1 = source_block[half][${P}][1][local.y];
#unroll J 2
        let g${J} = gradient_block[half][${P}][${J}][local.x];
        sum0_${J} = fma(vec4f(v0.x), g${J}, sum0_${J});
        sum1_${J} = fma(vec4f(v0.y), g${J}, sum1_${J});
        sum2_${J} = fma(vec4f(v0.z), g${J}, sum2_${J});
        sum3_${J} = fma(vec4f(v0.w), g${J}, sum3_${J});
        sum4_${J} = fma(vec4f(v1.x), g${J}, sum4_${J});
        sum5_${J} = fma(vec4f(v1.y), g${J}, sum5_${J});
        sum6_${J} = fma(vec4f(v1.z), g${J}, sum6_${J});
        sum7_${J} = fma(vec4f(v1.w), g${J}, sum7_${J});
#end
      }
#end
    }
    if (turn == turns) { break; }
    let half = turn % 2u;
#unroll L 8 * ROWS / (WIDTH * HEIGHT)
    {
      let at = index + ${L * WIDTH * HEIGHT}u;
      source_block[half][at / ${ROWS}u][at / ${HEIGHT}u % 2u][at % ${HEIGHT}u] = a${L};
    }
#end
#unroll L 8 * COLUMNS / (WIDTH * HEIGHT)
    {
      let at = index + ${L * WIDTH * HEIGHT}u;
      gradient_block[half][at / ${COLUMNS}u][at / ${WIDTH}u % 2u][local.x] = b${L};
    }
#end
    workgroupBarrier();
  }

  let base = group.z * owners * 4u;
#unroll I 8
  {
    let owner = first_owner + local.y + ${I / 4 * HEIGHT}u;
    if (owner < owners) {
#unroll J 2
      let column${J} = first_column + local.x + ${J * WIDTH}u;
      if (column${J} <= last_column) {
        let at = (base + owner * 4u + ${I % 4}u) * extents.out_channels + column${J};
        if (extents.accumulate != 0u) {
          set_result(at, load_result(at) + sum${I}_${J});
        } else {
          set_result(at, sum${I}_${J});
        }
      }
#end
    }
  }
#end
}
