// Class activation maps: what is above 0 of each tagged class's scores, times a factor, over the largest of the image.
//
//   scores  f32[images, pixels, 4·VECTORS]
//   tags    f32[images, 4·VECTORS]           1 or 0
//   maps    f32[images, pixels, 4·VECTORS]   in [0, 1]; 0 where a class has no tag, or no score above 0
//
// Uniforms:
//   pixels  of an image
//   factor  of the scores, above 0
//
// A largest score below LEAST divides as if it were that. A workgroup an image and vec4 of classes.
//
// Twin: kernels/reference/attention/activation_maps.ts

const LANES = 64u;
const LEAST = 1e-5;

var<workgroup> peaks: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group.y * extents.pixels * ${VECTORS}u + group.x;
  let scale = extents.factor * load_tags(group.y * ${VECTORS}u + group.x);
  var peak = vec4f();
  for (var pixel = lane; pixel < extents.pixels; pixel += LANES) {
    peak = max(peak, scale * load_scores(first + pixel * ${VECTORS}u));
  }
  peaks[lane] = peak;
  workgroupBarrier();
  for (var i = 0u; i < LANES; i++) { peak = max(peak, peaks[i]); }
  let divisor = max(peak, vec4f(LEAST));
  for (var pixel = lane; pixel < extents.pixels; pixel += LANES) {
    let at = first + pixel * ${VECTORS}u;
    set_maps(at, max(scale * load_scores(at), vec4f()) / divisor);
  }
}
