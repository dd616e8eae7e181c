// Batch norm, training, second pass: adds the chunks in order; mean and variance of each pass, and the running ones.
//
// The sums of batch_norm_moments.wgsl in the same order, by workgroups: for a GPU.
//
//   pivots            f32[passes, lanes·4]
//   partials          f32[passes, chunks, 2, lanes·4]   sum of x − pivot, sum of (x − pivot)²
//   mean, variance    f32[passes, lanes·4]              the variance divides by the number of pixels
//   running_…         f32[lanes·4]                      (1 − momentum)·running + momentum·pass, for each pass in order, with
//                                                       the unbiased variance
//   after_…           f32[passes, lanes·4]              the running ones as each pass left them
//
// Sums of sums as in batch_norm_parameter_gradient_shared.wgsl, which are added up four side by side.
//
// Uniforms:
//   chunks  of a pass
//   pixels  of a pass
//
// Twin: kernels/reference/norm/batch_norm.ts

var<workgroup> part_sums: array<array<vec4f, ${LANES}>, ${PARTS}>;
var<workgroup> part_squares: array<array<vec4f, ${LANES}>, ${PARTS}>;

@compute @workgroup_size(${LANES}, ${SIDE_BY_SIDE})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lanes = extents.lanes;
  let mine = group.x * ${LANES}u + local.x;
  let lane = min(mine, lanes - 1u);
  let parts = (extents.chunks + 15u) / 16u;
  let keep = 1.0 - extents.momentum;
  var running_center = load_running_mean(lane);
  var running_spread = load_running_variance(lane);
  for (var of_pass = 0u; of_pass < extents.passes; of_pass++) {
    for (var part = local.y; part < parts; part += ${SIDE_BY_SIDE}u) {
      #unroll C 16
      let there${C} = part * 16u + ${C}u < extents.chunks;
      let at${C} = 2u * (of_pass * extents.chunks + select(0u, part * 16u + ${C}u, there${C})) * lanes + lane;
      let sum${C} = load_partials(at${C});
      let squares${C} = load_partials(at${C} + lanes);
      #end
      var sum = vec4f();
      var squares = vec4f();
      #unroll C 16
      sum += select(vec4f(), sum${C}, there${C});
      squares += select(vec4f(), squares${C}, there${C});
      #end
      part_sums[part][local.x] = sum;
      part_squares[part][local.x] = squares;
    }
    workgroupBarrier();
    if (local.y == 0u && mine < lanes) {
      #unroll S 4
      var sum${S} = vec4f();
      var squares${S} = vec4f();
      for (var part = ${S}u; part < parts; part += 4u) {
        sum${S} += part_sums[part][local.x];
        squares${S} += part_squares[part][local.x];
      }
      #end
      let shift = ((sum0 + sum1) + (sum2 + sum3)) / extents.pixels;
      let square = ((squares0 + squares1) + (squares2 + squares3)) / extents.pixels;
      let center = load_pivots(of_pass * lanes + lane) + shift;
      let spread = max(square - shift * shift, vec4f());
      set_mean(of_pass * lanes + lane, center);
      set_variance(of_pass * lanes + lane, spread);
      let unbiased = spread * (extents.pixels / (extents.pixels - 1.0));
      running_center = keep * running_center + extents.momentum * center;
      running_spread = keep * running_spread + extents.momentum * unbiased;
      set_after_mean(of_pass * lanes + lane, running_center);
      set_after_variance(of_pass * lanes + lane, running_spread);
    }
    workgroupBarrier();
  }
  if (local.y == 0u && mine < lanes) {
    set_running_mean(lane, running_center);
    set_running_variance(lane, running_spread);
  }
}
