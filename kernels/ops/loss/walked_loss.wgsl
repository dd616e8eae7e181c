// A loss over the pixels of an image, of which fewer logits are stored (upsampled_logits.wgsl), and its gradient but for a
// factor that is the same for all. For kernels that declare
//
//   partials  vec4f[count]   Σ weighted terms, Σ weights, count of pixels that take part, 0
//   slopes    f32[batch, segments, span + 1, width, 4·VECTORS]   only where GRADIENT: Σ share · slope over a segment's pixels,
//                            for each stored row beside it; where not UPSAMPLED of the pixels themselves
//
// and define
//
//   fn pixel_loss(at: u32, pixel: Pixel, loss: ptr<function, PixelLoss>) -> bool   whether the pixel takes part

struct PixelLoss {
  term: f32, // weighted
  weight: f32,
  slope: Pixel, // times `factor`, of the weighted term by the pixel's logits
  factor: f32,
}

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
      let share = lower_share(row, interval);
      var own: PixelLoss;
      if (!pixel_loss(pixel_at(walk, row), between(upper, lower, share), &own)) { continue; }
      loss += own.term;
      weight_sum += own.weight;
      count++;
      #if GRADIENT
      #unroll K VECTORS
      #if UPSAMPLED
      above[${K}] += (1.0 - share) * own.factor * own.slope[${K}];
      below[${K}] += share * own.factor * own.slope[${K}];
      #else
      above[${K}] += own.factor * own.slope[${K}];
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
