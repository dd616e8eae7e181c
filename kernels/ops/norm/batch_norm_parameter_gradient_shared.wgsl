// Batch norm, backward, second pass: adds the chunks in order; the gradients of weight and bias.
//
// The sums of batch_norm_parameter_gradient.wgsl in the same order, by workgroups: for a GPU.
//
//   partials          f32[passes, chunks, 2, lanes·4]   sum of dy', sum of dy' · (x − mean)
//   mean, variance    f32[passes, lanes·4]
//   weight, bias      f32[lanes·4]
//   coefficients      f32[passes, 5, lanes·4]           mean, weight / std, bias, mean(dy'), mean(dy' · xhat) / std or, where
//                                                       the variance is raised to epsilon, 0
//   dweight, dbias    f32[lanes·4]                      sum of dy' · xhat, sum of dy' over all passes, overwritten or added to
//
// Sums of sums, 16 chunks each: a plain running sum over hundreds of chunks would cost a digit that every other layer inherits.
// The 16 are asked for at once, and SIDE_BY_SIDE such sums formed at a time: there are too few channels to occupy a GPU.
//
// Uniforms:
//   chunks  of a pass
//   pixels  of a pass
//
// Twin: kernels/reference/norm/batch_norm.ts

#include batch_norm_law.wgsl

var<workgroup> part_sums: array<array<vec4f, ${LANES}>, ${PARTS}>;
var<workgroup> part_products: array<array<vec4f, ${LANES}>, ${PARTS}>;

@compute @workgroup_size(${LANES}, ${SIDE_BY_SIDE})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lanes = extents.lanes;
  let mine = group.x * ${LANES}u + local.x;
  let lane = min(mine, lanes - 1u);
  let parts = (extents.chunks + 15u) / 16u;
  var dweight_sum = vec4f();
  var dbias_sum = vec4f();
  for (var of_pass = 0u; of_pass < extents.passes; of_pass++) {
    for (var part = local.y; part < parts; part += ${SIDE_BY_SIDE}u) {
      #unroll C 16
      let there${C} = part * 16u + ${C}u < extents.chunks;
      let at${C} = 2u * (of_pass * extents.chunks + select(0u, part * 16u + ${C}u, there${C})) * lanes + lane;
      let sum${C} = load_partials(at${C});
      let products${C} = load_partials(at${C} + lanes);
      #end
      var sum = vec4f();
      var products = vec4f();
      #unroll C 16
      sum += select(vec4f(), sum${C}, there${C});
      products += select(vec4f(), products${C}, there${C});
      #end
      part_sums[part][local.x] = sum;
      part_products[part][local.x] = products;
    }
    workgroupBarrier();
    if (local.y == 0u && mine < lanes) {
      var sum = vec4f();
      var products = vec4f();
      for (var part = 0u; part < parts; part++) {
        sum += part_sums[part][local.x];
        products += part_products[part][local.x];
      }
      let moments = of_pass * lanes + lane;
      let variance = load_variance(moments);
      let deviation = deviation_of(variance);
      let inverse = 1.0 / deviation;
      products /= deviation;
      let channel = 5u * of_pass * lanes + lane;
      set_coefficients(channel, load_mean(moments));
      set_coefficients(channel + lanes, weight_of(lane) * inverse);
      set_coefficients(channel + 2u * lanes, load_bias(lane));
      set_coefficients(channel + 3u * lanes, sum / extents.pixels);
      var slope = products / extents.pixels * inverse;
      #if CLAMPED
      // A variance that is raised to epsilon is a constant.
      slope = select(vec4f(), slope, variance >= vec4f(extents.epsilon));
      #end
      set_coefficients(channel + 4u * lanes, slope);
      dweight_sum += products;
      dbias_sum += sum;
    }
    workgroupBarrier();
  }
  if (local.y == 0u && mine < lanes) {
    set_dweight(lane, select(vec4f(), load_dweight(lane), extents.accumulate_weight != 0u) + dweight_sum);
    set_dbias(lane, select(vec4f(), load_dbias(lane), extents.accumulate_bias != 0u) + dbias_sum);
  }
}
