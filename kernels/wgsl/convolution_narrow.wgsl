// Convolution as implicit GEMM for few output channels: lanes run along pixels, weights are broadcast.
//
// The same sums as convolution.wgsl, where the bindings and the walk over pixels and taps are described. There, lanes run along
// the output channels, and most would idle when there are fewer vec4s of them than lanes. Here every lane keeps PIXELS pixels
// × all OUTPUTS vec4s of channels; the lanes of a subgroup fetch a block of weights together and broadcast it.
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

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let divisor = u32(extents.divisor);
  let class_y = group.z / divisor;
  let class_x = group.z % divisor;
  let rows = (extents.out_height - class_y + divisor - 1u) / divisor;
  let columns = (extents.out_width - class_x + divisor - 1u) / divisor;
  let pixels = extents.batch * rows * columns;
  let first = group.x * ${PIXELS * LANES}u;
  if (first >= pixels) { return; }
  let last_output = extents.out_channels - 1u;
  // Which row of the weights' block, and which of its vec4s, this lane fetches.
  let my_row = min(lane / ${OUTPUTS}u, ${ROWS - 1}u);
  let my_output = min(lane % ${OUTPUTS}u, last_output);

#unroll P PIXELS
  let p${P} = min(first + ${P * LANES}u + lane, pixels - 1u);
  let image${P} = i32(p${P} / (rows * columns) * extents.height);
  let y${P} = i32(class_y + p${P} / columns % rows * divisor) * extents.scale + extents.offset;
  let x${P} = i32(class_x + p${P} % columns * divisor) * extents.scale + extents.offset;
#unroll J OUTPUTS
  var sum${P}_${J} = vec4f();
#end
#end

  for (var tap = 0u; tap < extents.taps * extents.taps; tap++) {
    let tap_y = i32(tap / extents.taps) * extents.tap_step;
    let tap_x = i32(tap % extents.taps) * extents.tap_step;
    if ((i32(class_y) + extents.offset + tap_y) % extents.divisor != 0) { continue; }
    if ((i32(class_x) + extents.offset + tap_x) % extents.divisor != 0) { continue; }
    var any_inside = false;
#unroll P PIXELS
    let sy${P} = (y${P} + tap_y) / extents.divisor;
    let sx${P} = (x${P} + tap_x) / extents.divisor;
    let inside${P} = sy${P} >= 0 && sy${P} < i32(extents.height) && sx${P} >= 0 && sx${P} < i32(extents.width);
    let keep${P} = select(0.0, 1.0, inside${P});
    let at${P} = select(0u, u32((image${P} + sy${P}) * i32(extents.width) + sx${P}) * extents.channels, inside${P});
    any_inside = any_inside || inside${P};
#end
    if (!subgroupAny(any_inside)) { continue; }
    var row = tap * extents.channels * 4u;
    for (var start = 0u; start < extents.channels; start += ${BLOCK}u) {
      // Sums of sums: a plain running sum over thousands of terms would lose digits.
#unroll P PIXELS
#unroll J OUTPUTS
      var part${P}_${J} = vec4f();
#end
#end
      let end = min(start + ${BLOCK}u, extents.channels);
      for (var k = start; k < end; k++) {
#unroll P PIXELS
        let a${P} = source[at${P} + k] * keep${P};
#end
#unroll B 4 / ROWS
        let w${B} = weight[(row + ${B * ROWS}u + my_row) * extents.out_channels + my_output];
#end
        row += 4u;
#unroll J OUTPUTS
        {
          let b0 = subgroupBroadcast(w${0 / ROWS}, ${0 % ROWS * OUTPUTS + J}u);
          let b1 = subgroupBroadcast(w${1 / ROWS}, ${1 % ROWS * OUTPUTS + J}u);
          let b2 = subgroupBroadcast(w${2 / ROWS}, ${2 % ROWS * OUTPUTS + J}u);
          let b3 = subgroupBroadcast(w${3 / ROWS}, ${3 % ROWS * OUTPUTS + J}u);
#unroll P PIXELS
          part${P}_${J} = fma(vec4f(a${P}.x), b0, part${P}_${J});
          part${P}_${J} = fma(vec4f(a${P}.y), b1, part${P}_${J});
          part${P}_${J} = fma(vec4f(a${P}.z), b2, part${P}_${J});
          part${P}_${J} = fma(vec4f(a${P}.w), b3, part${P}_${J});
#end
        }
#end
      }
#unroll P PIXELS
#unroll J OUTPUTS
      sum${P}_${J} += part${P}_${J};
#end
#end
    }
  }

#unroll P PIXELS
  if (first + ${P * LANES}u + lane < pixels) {
    let y = class_y + p${P} / columns % rows * divisor;
    let x = class_x + p${P} % columns * divisor;
    let at = ((p${P} / (rows * columns) * extents.out_height + y) * extents.out_width + x) * extents.out_channels;
#unroll J OUTPUTS
    if (${J}u <= last_output) {
#if BIAS
      result[at + ${J}u] = sum${P}_${J} + bias[${J}];
#end
#if 1 - BIAS
      result[at + ${J}u] = sum${P}_${J};
#end
    }
#end
  }
#end
}
