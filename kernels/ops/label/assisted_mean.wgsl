// The mean of two predictions of each pixel, of which one, the assist, tells of the KEPT classes alone that it puts highest.
//
//   one, two  f32[count, 4·VECTORS]   logits; channels from CLASSES on are padding
//   turns     f32                     [index]: 0 where the second assists, else the first
//   mean      f32[count, 4·VECTORS]   ½ (core + assist) where the assist tells and is not 0, else core; padding is 0
//
// Uniforms:
//   count   pixels
//   stride  invocations along x
//
// Twin: kernels/reference/label/assisted_mean.ts

const LOWEST = -3.0e38;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.y * extents.stride + id.x;
  if (pixel >= extents.count) { return; }
  let swaps = load_turns(extents.index) != 0.0;
  var core: array<vec4f, ${VECTORS}>;
  var assist: array<vec4f, ${VECTORS}>;
  #unroll K VECTORS
  let one${K} = load_one(pixel * ${VECTORS}u + ${K}u);
  let two${K} = load_two(pixel * ${VECTORS}u + ${K}u);
  core[${K}] = select(one${K}, two${K}, swaps);
  assist[${K}] = select(two${K}, one${K}, swaps);
  #end
  let last = vec4u(${4 * VECTORS - 4}, ${4 * VECTORS - 3}, ${4 * VECTORS - 2}, ${4 * VECTORS - 1});
  assist[${VECTORS - 1}] = select(vec4f(LOWEST), assist[${VECTORS - 1}], last < vec4u(${CLASSES}));

  // Class by class down to the last that counts: the highest below the one before, of equal ones the first.
  var lowest = 3.4e38;
  var next = 0u;
  for (var n = 0u; n < ${KEPT}u; n++) {
    var best = -3.4e38;
    var place = 0u;
    #unroll K VECTORS
    #unroll C 4
    {
      let value = assist[${K}][${C}];
      let open = (value < lowest) | ((value == lowest) & (${4 * K + C}u >= next));
      let better = open & (value > best);
      best = select(best, value, better);
      place = select(place, ${4 * K + C}u, better);
    }
    #end
    #end
    lowest = best;
    next = place + 1u;
  }
  #unroll K VECTORS
  {
    let number = vec4u(${4 * K}, ${4 * K + 1}, ${4 * K + 2}, ${4 * K + 3});
    let value = assist[${K}];
    let tells = ((value > vec4f(lowest)) | ((value == vec4f(lowest)) & (number < vec4u(next)))) & (value != vec4f());
    set_mean(pixel * ${VECTORS}u + ${K}u, 0.5 * (core[${K}] + select(core[${K}], value, tells)));
  }
  #end
}
