// Batch norm, backward, second pass: adds the chunks in order; the gradients of weight and bias.
//
//   partials          f32[passes, chunks, 2, lanes·4]   sum of dy', sum of dy' · (x − mean)
//   mean, variance    f32[passes, lanes·4]
//   weight, bias      f32[lanes·4]
//   coefficients      f32[passes, 5, lanes·4]           mean, weight / std, bias, mean(dy'), mean(dy' · xhat) / std or, where
//                                                       the variance is raised to epsilon, 0
//   dweight, dbias    f32[lanes·4]                      sum of dy' · xhat, sum of dy' over all passes, overwritten or added to
//
// Uniforms:
//   chunks  of a pass
//   pixels  of a pass
//
// Twin: kernels/reference/norm/batch_norm.ts

#include batch_norm_law.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = id.x;
  let lanes = extents.lanes;
  if (lane >= lanes) { return; }
  var dweight_sum = vec4f();
  var dbias_sum = vec4f();
  var at = lane;
  for (var of_pass = 0u; of_pass < extents.passes; of_pass++) {
    // Sums of sums: a plain running sum over hundreds of chunks would cost a digit that every other layer inherits.
    var sum = vec4f();
    var products = vec4f();
    for (var start = 0u; start < extents.chunks; start += 16u) {
      var part_sum = vec4f();
      var part_products = vec4f();
      let end = min(start + 16u, extents.chunks);
      for (var chunk = start; chunk < end; chunk++) {
        part_sum += load_partials(at);
        part_products += load_partials(at + lanes);
        at += 2u * lanes;
      }
      sum += part_sum;
      products += part_products;
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
  set_dweight(lane, select(vec4f(), load_dweight(lane), extents.accumulate_weight != 0u) + dweight_sum);
  set_dbias(lane, select(vec4f(), load_dbias(lane), extents.accumulate_bias != 0u) + dbias_sum);
}
