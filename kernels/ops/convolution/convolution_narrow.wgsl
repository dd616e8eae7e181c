// Convolution as implicit GEMM for few output channels: lanes run along pixels, weights are broadcast.
//
// The same sums as convolution.wgsl, where the bindings and the walk over pixels and taps are described. There, lanes run along
// the output channels, and most would idle when there are fewer vec4s of them than lanes. Here every lane keeps PIXELS pixels
// × all OUTPUTS vec4s of channels; the lanes of a subgroup fetch a block of weights together and broadcast it.
//
// Uniforms:
//   height        of source
//   channels      of source, in vec4s
//   out_channels  in vec4s
//   taps          per axis
//   first_group   of a launch in parts, along x
//
// Twin: kernels/reference/convolution/convolution.ts

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
#if STRIDED
  let divisor = extents.divisor;
#else
  const divisor = 1;
#end
  let class_y = group.z / u32(divisor);
  let class_x = group.z % u32(divisor);
  let rows = (extents.out_height - class_y + u32(divisor) - 1u) / u32(divisor);
  let columns = (extents.out_width - class_x + u32(divisor) - 1u) / u32(divisor);
  let pixels = extents.batch * rows * columns;
  let first = (extents.first_group + group.x) * ${PIXELS * LANES}u;
  if (first >= pixels) { return; }
  let last_output = extents.out_channels - 1u;
  // Which row of the weights' block, and which of its vec4s, this lane fetches.
  let my_row = min(lane / ${OUTPUTS}u, ${ROWS - 1}u);
  let my_output = min(lane % ${OUTPUTS}u, last_output);

#unroll P PIXELS
  let p${P} = min(first + ${P * LANES}u + lane, pixels - 1u);
  let line${P} = p${P} / columns;
  let image${P} = line${P} / rows;
  let out_y${P} = class_y + (line${P} - image${P} * rows) * u32(divisor);
  let out_x${P} = class_x + (p${P} - line${P} * columns) * u32(divisor);
  let to${P} = ((image${P} * extents.out_height + out_y${P}) * extents.out_width + out_x${P}) * extents.out_channels;
  let y${P} = i32(out_y${P}) * extents.scale + extents.offset;
  let x${P} = i32(out_x${P}) * extents.scale + extents.offset;
#unroll J OUTPUTS
  var sum${P}_${J} = vec4f();
#end
#end

  var tap_y = 0u;
  var tap_x = 0u;
  while (tap_y < extents.taps) {
    let step_y = i32(tap_y) * extents.tap_step;
    let step_x = i32(tap_x) * extents.tap_step;
    var row = (tap_y * extents.taps + tap_x) * extents.channels * 4u;
    let wraps = tap_x + 1u == extents.taps;
    tap_x = select(tap_x + 1u, 0u, wraps);
    tap_y += select(0u, 1u, wraps);
    // By a quotient: the remainder of a negative number is undefined in Vulkan, and on NVIDIA it is another one.
    let from_y = i32(class_y) + extents.offset + step_y;
    let from_x = i32(class_x) + extents.offset + step_x;
    if (from_y / divisor * divisor != from_y || from_x / divisor * divisor != from_x) { continue; }
    var any_inside = false;
#unroll P PIXELS
    let sy${P} = (y${P} + step_y) / divisor;
    let sx${P} = (x${P} + step_x) / divisor;
    let inside${P} = (sy${P} >= 0) & (sy${P} < i32(extents.height)) & (sx${P} >= 0) & (sx${P} < i32(extents.width));
    let keep${P} = select(0.0, 1.0, inside${P});
    let from${P} = (i32(image${P} * extents.height) + sy${P}) * i32(extents.width) + sx${P};
    let at${P} = select(0u, u32(from${P}) * extents.channels, inside${P});
    any_inside = any_inside | inside${P};
#end
    if (!subgroupAny(any_inside)) { continue; }
    var start = 0u;
    while (start < extents.channels) {
      let end = min(start + ${BLOCK}u, extents.channels);
#if PARTS
      // Sums of sums: a plain running sum over thousands of terms would lose digits.
#unroll P PIXELS
#unroll J OUTPUTS
      var part${P}_${J} = vec4f();
#end
#end
#end
      for (var k = start; k < end; k++) {
#unroll P PIXELS
        let a${P} = load_source(at${P} + k) * keep${P};
#end
#unroll B 4 / ROWS
        let w${B} = load_weight((row + ${B * ROWS}u + my_row) * extents.out_channels + my_output);
#end
        row += 4u;
#unroll J OUTPUTS
        {
#unroll K DEPTH
          let b${K} = subgroupBroadcast(w${K / ROWS}, ${K % ROWS * OUTPUTS + J}u);
#end
#unroll P PIXELS
#unroll K DEPTH
#if PARTS
          part${P}_${J} = fma(vec4f(a${P}[${K}]), b${K}, part${P}_${J});
#else
          sum${P}_${J} = fma(vec4f(a${P}[${K}]), b${K}, sum${P}_${J});
#end
#end
#end
        }
#end
      }
#if PARTS
#unroll P PIXELS
#unroll J OUTPUTS
      sum${P}_${J} += part${P}_${J};
#end
#end
#end
      start = end;
    }
  }

#unroll P PIXELS
  let outputs${P} = select(0u, extents.out_channels, first + ${P * LANES}u + lane < pixels);
#unroll J OUTPUTS
  if (${J}u < outputs${P}) {
#if BIAS
    set_result(to${P} + ${J}u, sum${P}_${J} + load_bias(${J}));
#else
    set_result(to${P} + ${J}u, sum${P}_${J});
#end
  }
#end
#end
}
