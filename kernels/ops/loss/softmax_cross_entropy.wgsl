// Cross-entropy of each pixel's softmax, summed over segments of columns, and its gradient by the logits but for a factor
// that is known only when all is summed.
//
//   logits    f32[batch, in_height, in_width, 4·VECTORS]   see upsampled_logits.wgsl
//   labels    u32[batch, height, width]                    `ignore`, and whatever is no class, takes no part
//   weights   f32[batch, height, width]                    only where WEIGHTED
//   partials  vec4f[count]                                 Σ w·CE, Σ w, count of pixels that take part, 0
//   slopes    f32[batch, segments, span + 1, width, 4·VECTORS]   only where GRADIENT: Σ share · w · (softmax − onehot)
//                                                          over a segment's pixels, for each stored row beside it
//
// Where not UPSAMPLED the slopes are of the pixels themselves, f32[batch, height, width, 4·VECTORS].
//
// Twin: kernels/reference/loss/softmax_cross_entropy.ts

#include upsampled_logits.wgsl

#if GRADIENT

fn store_slopes(row: u32, column: u32, values: Pixel) {
  let first = (row * extents.width + column) * ${VECTORS}u;
  #unroll K VECTORS
  set_slopes(first + ${K}u, values[${K}]);
  #end
}
#end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.y * extents.stride + id.x;
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
  var slope_row = (walk.image * extents.segments + walk.segment) * (extents.span + 1u);
  #else
  var slope_row = walk.image * extents.height + walk.first;
  #end
  for (var interval = walk.first; interval < walk.end; interval++) {
    upper = lower;
    lower = stored_row(walk, interval + 1u);
    above = below;
    below = Pixel();
    let end = first_row(interval + 1u);
    for (var row = first_row(interval); row < end; row++) {
      let at = pixel_at(walk, row);
      let label = load_labels(at);
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
      let weight = load_weights(at);
      #else
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
      #else
      above[${K}] += slope${K};
      #end
      #end
      #end
    }
    #if GRADIENT
    store_slopes(slope_row, walk.column, above);
    slope_row++;
    #end
  }
  #if GRADIENT * UPSAMPLED
  store_slopes(slope_row, walk.column, below);
  #end
  set_partials(index, vec4f(loss, weight_sum, f32(count), 0));
}
