// Adds pixels to a confusion matrix.
//
//   predictions, labels  u32[pixels], read as whole vec4s
//   matrix               u32[classes, classes]   rows are the truth; added to
//
// An invocation counts runs of equal pairs over 16 neighboring pixels before it adds: most pixels share their neighbor's
// pair, and additions to one cell wait for each other. Integers commute, so the matrix does not depend on the order.
//
// Uniforms:
//   stride  invocations along x
//
// Twin: kernels/reference/label/confusion.ts

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = (id.y * extents.stride + id.x) * 4;
  var cell = NONE;
  var length = 0u;
  for (var i = first; i < first + 4 && i * 4 < extents.pixels; i++) {
    let prediction = load_predictions(i);
    let label = load_labels(i);
    let counts = (vec4u(i * 4) + vec4u(0, 1, 2, 3) < vec4u(extents.pixels)) & (label < vec4u(extents.classes)) &
      (label != vec4u(extents.ignore)) & (prediction < vec4u(extents.classes));
    let cells = select(vec4u(NONE), label * extents.classes + prediction, counts);
#unroll J 4
    if (cells[${J}] != cell) {
      if (cell != NONE) { atomicAdd(&matrix[cell], length); }
      cell = cells[${J}];
      length = 0;
    }
    length++;
#end
  }
  if (cell != NONE) { atomicAdd(&matrix[cell], length); }
}
