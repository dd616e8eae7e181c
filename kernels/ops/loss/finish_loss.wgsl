// A loss from its partial sums, added in a fixed order.
//
//   partials  vec4f[count]   Σ w·term, Σ w, count of pixels that took part, unused
//   value     f32[4]         offset + Σ w·term / denominator in [0], else 0
//   scale     f32[4]         1 / denominator in [0], 0 where that is 0; Σ w, count, 0
//
// A denominator of 0 gives the value `offset`. One workgroup.
//
// Uniforms:
//   denominator  0: count of pixels, 1: Σ w, 2: `constant`

var<workgroup> sums: array<vec3f, 256>;
var<workgroup> counts: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = vec3f();
  var pixels = 0u; // exact where f32 is not
  for (var i = lane; i < extents.count; i += 256) {
    let partial = load_partials(i);
    sum += partial.xyz;
    pixels += u32(partial.z);
  }
  sums[lane] = sum;
  counts[lane] = pixels;
  workgroupBarrier();
  if (lane > 0) { return; }
  for (var i = 1u; i < 256; i++) {
    sum += sums[i];
    pixels += counts[i];
  }
  var denominator = f32(pixels);
  if (extents.denominator == 1) { denominator = sum.y; }
  if (extents.denominator == 2) { denominator = extents.constant; }
  // Not through the inverse, whose rounding the value would inherit.
  let mean = select(0.0, sum.x / denominator, denominator != 0);
  set_value(0, vec4f(extents.offset + mean, 0, 0, 0));
  set_scale(0, vec4f(select(0.0, 1 / denominator, denominator != 0), sum.y, f32(pixels), 0));
}
