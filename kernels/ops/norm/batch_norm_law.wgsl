// What a batch norm divides and multiplies by, for kernels that bind variance and weight and have the uniform epsilon.
//
// Constants:
//   CLAMPED   the variance is raised to epsilon, else epsilon is added
//   WEIGHTED  there is a weight, else it is 1 and `weight` is bound to something that is not read
//
// Twin: kernels/reference/norm/batch_norm.ts

fn deviation_of(variance: vec4f) -> vec4f {
  #if CLAMPED
  return sqrt(max(variance, vec4f(extents.epsilon)));
  #else
  return sqrt(variance + extents.epsilon);
  #end
}

fn weight_of(lane: u32) -> vec4f {
  #if WEIGHTED
  return load_weight(lane);
  #else
  return vec4f(1.0);
  #end
}
