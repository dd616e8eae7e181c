// Gradient of a convolution by its weights for few output channels: lanes run along taps and input channels.
//
// The same sums as convolution_weight_gradient.wgsl, where the bindings and splits are described. There, lanes run along the
// output channels. Here each lane owns one vec4 of input channels at one tap, and all OUTPUTS vec4s of output channels; the
// gradients of PIXELS neighboring pixels come in one fetch and are broadcast.
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

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let owners = extents.taps * extents.taps * extents.channels;
  let owner = group.x * ${LANES}u + lane;
  let tap = min(owner, owners - 1u) / extents.channels;
  let channel = min(owner, owners - 1u) % extents.channels;
  let tap_y = i32(tap / extents.taps) * extents.dilation - extents.padding;
  let tap_x = i32(tap % extents.taps) * extents.dilation - extents.padding;
  let last_output = extents.out_channels - 1u;

#unroll O 4 * OUTPUTS
  var sum${O} = vec4f();
#end

  let first_row = group.z * extents.rows_per_split;
  let end_row = min(first_row + extents.rows_per_split, extents.rows);
  for (var row = first_row; row < end_row; row++) {
    let sy = i32(row % extents.out_height) * extents.stride + tap_y;
    let row_inside = sy >= 0 && sy < i32(extents.height);
    if (!subgroupAny(row_inside)) { continue; }
    let source_row = (i32(row / extents.out_height * extents.height) + sy) * i32(extents.width);
    let left = row * extents.out_width;
    let columns = min(extents.out_width, extents.pixels - left);
    for (var x = 0u; x < columns; x += ${PIXELS}u) {
      let mine = min(left + x + lane / ${OUTPUTS}u, extents.pixels - 1u);
      let fetched = gradient[mine * extents.out_channels + min(lane % ${OUTPUTS}u, last_output)];
#unroll P PIXELS
      let sx${P} = i32(x + ${P}u) * extents.stride + tap_x;
      let inside${P} = row_inside && x + ${P}u < columns && sx${P} >= 0 && sx${P} < i32(extents.width);
      let at${P} = select(0u, u32(source_row + sx${P}) * extents.channels, inside${P});
      let v${P} = source[at${P} + channel] * select(0.0, 1.0, inside${P});
#end
#unroll P PIXELS
#unroll J OUTPUTS
      {
        let g = subgroupBroadcast(fetched, ${P * OUTPUTS + J}u);
        sum${4 * J} = fma(v${P}, vec4f(g.x), sum${4 * J});
        sum${4 * J + 1} = fma(v${P}, vec4f(g.y), sum${4 * J + 1});
        sum${4 * J + 2} = fma(v${P}, vec4f(g.z), sum${4 * J + 2});
        sum${4 * J + 3} = fma(v${P}, vec4f(g.w), sum${4 * J + 3});
      }
#end
#end
    }
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
      r0 += result[at];
      r1 += result[at + extents.out_channels];
      r2 += result[at + 2u * extents.out_channels];
      r3 += result[at + 3u * extents.out_channels];
    }
    result[at] = r0;
    result[at + extents.out_channels] = r1;
    result[at + 2u * extents.out_channels] = r2;
    result[at + 3u * extents.out_channels] = r3;
  }
#end
}
