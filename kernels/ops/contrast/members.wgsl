// What each stored pixel is to each class: among the class's sure pixels, an anchor, a key.
//
//   logits   f32[batch, height, width, 4·VECTORS]      channels from CLASSES on are padding
//   labels   u32[batch, image_height, image_width]     255: no label
//   entropy  f32[batch, image_height, image_width]     only where not LABELED
//   lows     f32                                       only where not LABELED: [low_index] is up to where a pixel is sure
//   highs    f32                                       only where not LABELED: [high_index] is from where a pixel is unsure
//   flags    u32[CLASSES, columns]                     from column `first` on: 1 sure and of the class, 2 an anchor, 4 a key
//
// A stored pixel has label and entropy of the image's pixel ⌊i · image size / stored size⌋. What is labeled is sure and unsure at
// once. Of equal scores the one of the lower class ranks before.
//
// UNION: the classes of a pixel are those of all BATCH images at its place, where 255 is class 0; the first image alone has any,
// and none where it is 255 itself. KEYS_OF_CLASS: a key of a class must be of the class; what is labeled must not be, too, and so
// is none.
//
// Uniforms:
//   stride             invocations along x
//   low_rank           U: ranks of a key, from low_rank to high_rank − 1; labeled: those before low_rank
//   anchor, negative   what an anchor's probability of the class is over, what a key's is under
//
// Twin: kernels/reference/contrast/members.ts

const LOWEST = -3.0e38;
const SURE = 1u;
const ANCHOR = 2u;
const KEY = 4u;

/// 255 where there is none.
fn label_at(image: u32, place: u32) -> u32 {
  return load_labels(image * extents.image_height * extents.image_width + place);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  let pixel = i / ${VECTORS}u;
  let own = i % ${VECTORS}u;
  let pixels = extents.height * extents.width;
  if (pixel >= ${BATCH}u * pixels) { return; }

  #unroll K VECTORS
  var z${K} = load_logits(pixel * ${VECTORS}u + ${K}u);
  #end
  let last = vec4u(${4 * VECTORS - 4}, ${4 * VECTORS - 3}, ${4 * VECTORS - 2}, ${4 * VECTORS - 1});
  z${VECTORS - 1} = select(vec4f(LOWEST), z${VECTORS - 1}, last < vec4u(${CLASSES}));
  var four = z0;
  var mine = z0;
  #unroll K VECTORS
  four = max(four, z${K});
  if (own == ${K}u) { mine = z${K}; }
  #end
  let peak = max(max(four.x, four.y), max(four.z, four.w));
  let classes = vec4u(4u * own) + vec4u(0, 1, 2, 3);
  var totals = vec4f();
  var ranks = vec4u();
  #unroll K VECTORS
  totals += exp(z${K} - peak);
  #unroll L 4
  {
    let other = vec4f(z${K}[${L}]);
    let equal = (other == mine) & (vec4u(${4 * K + L}) < classes);
    ranks += select(vec4u(0), vec4u(1), (other > mine) | equal);
  }
  #end
  #end
  let probabilities = exp(mine - peak) / dot(totals, vec4f(1));

  let image = pixel / pixels;
  let row = pixel / extents.width % extents.height;
  let column = pixel % extents.width;
  let place = row * extents.image_height / extents.height * extents.image_width +
    column * extents.image_width / extents.width;
  let label = label_at(image, place);
  let labeled = label != 255u;
#if UNION
  var here = vec4<bool>();
  if ((image == 0u) & labeled) {
    #unroll N BATCH
    {
      let other = label_at(${N}u, place);
      here = here | (classes == vec4u(select(other, 0u, other == 255u)));
    }
    #end
  }
#else
  let here = (classes == vec4u(label)) & vec4<bool>(labeled);
#end
#if LABELED
  let low = labeled;
  let high = labeled;
  let ranked = ranks < vec4u(extents.low_rank);
#else
  let unsure = load_entropy(image * extents.image_height * extents.image_width + place);
  let low = unsure <= load_lows(extents.low_index);
  let high = unsure >= load_highs(extents.high_index);
  let ranked = (ranks >= vec4u(extents.low_rank)) & (ranks < vec4u(extents.high_rank));
#end
#if KEYS_OF_CLASS
#if LABELED
  let meant = vec4<bool>();
#else
  let meant = here;
#end
#else
#if LABELED
  let meant = !here & vec4<bool>(labeled);
#else
  let meant = vec4<bool>(labeled);
#end
#end
  let sure = here & vec4<bool>(low);
  let anchors = sure & (probabilities > vec4f(extents.anchor));
  let keys = meant & vec4<bool>(high) & ranked & (probabilities < vec4f(extents.negative));
  let flags = select(vec4u(0), vec4u(SURE), sure) + select(vec4u(0), vec4u(ANCHOR), anchors) +
    select(vec4u(0), vec4u(KEY), keys);
  #unroll L 4
  if (classes[${L}] < ${CLASSES}u) { set_flags(classes[${L}] * extents.columns + extents.first + pixel, flags[${L}]); }
  #end
}
