// The class of each pixel's largest logit, and how sure that is.
//
//   logits      f32[batch, in_height, in_width, 4·VECTORS]   see upsampled_logits.wgsl, which stands before this
//   labels      u32[batch, height, width]                    the first class with the largest logit
//   confidence  f32[batch, height, width]                    that logit, or its softmax probability where PROBABILITY
//
// Twin: kernels/reference/arg_max.ts

struct Extents {
  grid: Grid,
  scale: f32, // of the logits
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> confidence: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.y * extents.grid.stride + id.x;
  if (index >= walk_count()) { return; }
  let walk = walk_of(index);
  var upper: Pixel;
  var lower = stored_row(walk, walk.first);
  for (var interval = walk.first; interval < walk.end; interval++) {
    upper = lower;
    lower = stored_row(walk, interval + 1u);
    let end = first_row(interval + 1u);
    for (var row = first_row(interval); row < end; row++) {
      let pixel = between(upper, lower, lower_share(row, interval));
      let peak = largest(pixel);
      var label = 0u;
      #unroll J VECTORS
      #unroll C 4
      label = select(label, ${4 * (VECTORS - 1 - J) + 3 - C}u, pixel[${VECTORS - 1 - J}][${3 - C}] == peak);
      #end
      #end
      let at = pixel_at(walk, row);
      labels[at] = label;
      #if PROBABILITY
      var totals = vec4f();
      #unroll K VECTORS
      totals += exp(extents.scale * (pixel[${K}] - peak));
      #end
      confidence[at] = 1 / dot(totals, vec4f(1));
      #end
      #if 1 - PROBABILITY
      confidence[at] = extents.scale * peak;
      #end
    }
  }
}
