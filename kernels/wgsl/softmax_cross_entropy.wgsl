// Cross-entropy of each pixel's softmax, summed over segments of columns, and its gradient by the logits but for a factor
// that is known only when all is summed.
//
//   logits    f32[batch, in_height, in_width, 4·VECTORS]   see upsampled_logits.wgsl, which stands before this
//   labels    u32[batch, height, width]                    `ignore`, and whatever is no class, takes no part
//   weights   f32[batch, height, width]                    only where WEIGHTED
//   partials  vec4f[count]                                 Σ w·CE, Σ w, count of pixels that take part, 0
//   slopes    f32[batch, segments, span + 1, width, 4·VECTORS]   only where GRADIENT: Σ share · w · (softmax − onehot)
//                                                          over a segment's pixels, for each stored row beside it
//
// Where not UPSAMPLED the slopes are of the pixels themselves, f32[batch, height, width, 4·VECTORS].
//
// Twin: kernels/reference/softmax_cross_entropy.ts

struct Extents {
  grid: Grid,
  ignore: u32,
}

@group(0) @binding(0) var<uniform> extents: Extents;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
#if WEIGHTED
@group(0) @binding(3) var<storage, read> weights: array<f32>;
#end
@group(0) @binding(${3 + WEIGHTED}) var<storage, read_write> partials: array<vec4f>;
#if GRADIENT
@group(0) @binding(${4 + WEIGHTED}) var<storage, read_write> slopes: array<vec4f>;

fn set_slopes(row: u32, column: u32, values: Pixel) {
  let first = (row * extents.grid.width + column) * ${VECTORS}u;
  #unroll K VECTORS
  slopes[first + ${K}u] = values[${K}];
  #end
}
#end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.y * extents.grid.stride + id.x;
  if (index >= walk_count()) { return; }
  let walk = walk_of(index);
  var loss = 0.0;
  var weight_sum = 0.0;
  var count = 0u;
  var upper: Pixel;
  var lower = stored_row(walk, walk.first);
  var above: Pixel; // slopes of the stored row above, and of that below
  var below: Pixel;
  #if UPSAMPLED
  var slope_row = (walk.image * extents.grid.segments + walk.segment) * (extents.grid.span + 1u);
  #end
  #if 1 - UPSAMPLED
  var slope_row = walk.image * extents.grid.height + walk.first;
  #end
  for (var interval = walk.first; interval < walk.end; interval++) {
    upper = lower;
    lower = stored_row(walk, interval + 1u);
    above = below;
    below = Pixel();
    let end = first_row(interval + 1u);
    for (var row = first_row(interval); row < end; row++) {
      let at = pixel_at(walk, row);
      let label = labels[at];
      if (label == extents.ignore || label >= ${CLASSES}u) { continue; }
      let share = lower_share(row, interval);
      var pixel = between(upper, lower, share);
      let peak = largest(pixel);
      var own = 0.0;
      var totals = vec4f();
      #unroll K VECTORS
      let onehot${K} = vec4u(${4 * K}, ${4 * K + 1}, ${4 * K + 2}, ${4 * K + 3}) == vec4u(label);
      own += dot(select(vec4f(), pixel[${K}], onehot${K}), vec4f(1));
      pixel[${K}] = exp(pixel[${K}] - peak);
      totals += pixel[${K}];
      #end
      let total = dot(totals, vec4f(1));
      // Not log Σ exp − own: where logits are large, that difference of two large numbers has few digits left.
      let term = log(total) + (peak - own);
      #if WEIGHTED
      let weight = weights[at];
      #end
      #if 1 - WEIGHTED
      let weight = 1.0;
      #end
      loss += weight * term;
      weight_sum += weight;
      count++;
      #if GRADIENT
      let scale = weight / total;
      #unroll K VECTORS
      let slope${K} = scale * pixel[${K}] - select(vec4f(), vec4f(weight), onehot${K});
      #if UPSAMPLED
      above[${K}] += (1.0 - share) * slope${K};
      below[${K}] += share * slope${K};
      #end
      #if 1 - UPSAMPLED
      above[${K}] += slope${K};
      #end
      #end
      #end
    }
    #if GRADIENT
    set_slopes(slope_row, walk.column, above);
    slope_row++;
    #end
  }
  #if GRADIENT * UPSAMPLED
  set_slopes(slope_row, walk.column, below);
  #end
  partials[index] = vec4f(loss, weight_sum, f32(count), 0);
}
