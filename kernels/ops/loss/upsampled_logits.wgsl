// How a kernel meets the logits of every pixel of an image, of which fewer are stored: bilinear interpolation with corners
// aligned, by the formula of resize_bilinear.wgsl. For kernels that declare
//
//   logits   f32[batch, in_height, in_width, 4·VECTORS]   channels from CLASSES on are padding
//
// and these uniforms, which ops/upsampled_logits.ts gives:
//
//   batch, in_height, in_width
//   height, width   pixels
//   span            intervals of a segment
//   segments        of a column
//   stride          invocations along x
//
// An invocation walks down one column of the image, through a segment of `span` intervals between stored rows: each
// stored row is interpolated once for all the pixels above and below it. Where as many are stored as there are pixels
// (UPSAMPLED 0), a segment is of rows, and they are read as they are.
//
// Twin: kernels/reference/feature/resize_bilinear.ts

alias Pixel = array<vec4f, ${VECTORS}>;

struct Walk {
  image: u32,
  column: u32,
  segment: u32,
  first: u32, // interval
  end: u32,
  left: u32, // stored columns
  right: u32,
  right_share: f32,
}

fn walk_count() -> u32 {
  return extents.batch * extents.segments * extents.width;
}

fn walk_of(index: u32) -> Walk {
  var walk: Walk;
  walk.column = index % extents.width;
  walk.segment = index / extents.width % extents.segments;
  walk.image = index / extents.width / extents.segments;
  walk.first = walk.segment * extents.span;
  // An extent of 1 is an interval of its own.
  let intervals = max(extents.in_height - ${UPSAMPLED}u, 1u);
  walk.end = min(walk.first + extents.span, intervals);
  let steps = max(extents.width - 1u, 1u);
  let position = walk.column * (extents.in_width - 1u);
  walk.left = position / steps;
  walk.right = min(walk.left + 1u, extents.in_width - 1u);
  walk.right_share = f32(position % steps) / f32(steps);
  return walk;
}

/// The place of a pixel in a map of all.
fn pixel_at(walk: Walk, row: u32) -> u32 {
  return (walk.image * extents.height + row) * extents.width + walk.column;
}

/// A stored row at the walk's column.
fn stored_row(walk: Walk, row: u32) -> Pixel {
  var pixel: Pixel;
  let first = (walk.image * extents.in_height + min(row, extents.in_height - 1u)) * extents.in_width;
  let left = (first + walk.left) * ${VECTORS}u;
  #if UPSAMPLED
  let right = (first + walk.right) * ${VECTORS}u;
  #unroll K VECTORS
  pixel[${K}] = (1.0 - walk.right_share) * load_logits(left + ${K}u) + walk.right_share * load_logits(right + ${K}u);
  #end
  #else
  #unroll K VECTORS
  pixel[${K}] = load_logits(left + ${K}u);
  #end
  #end
  return pixel;
}

/// The first row of the image that is not above a stored one; all rows are above one that is not stored.
fn first_row(stored: u32) -> u32 {
  #if UPSAMPLED
  if (stored + 1u >= max(extents.in_height, 2u)) { return extents.height; }
  let in_steps = max(extents.in_height - 1u, 1u);
  return (stored * (extents.height - 1u) + in_steps - 1u) / in_steps;
  #else
  return stored;
  #end
}

/// How far a row is from the stored one above, of the way to the next: from 0 to 1.
fn lower_share(row: u32, stored: u32) -> f32 {
  let steps = max(extents.height - 1u, 1u);
  return f32(row * (extents.in_height - 1u) - stored * steps) / f32(steps);
}

/// Logits between two stored rows; those of padding so low that they count for nothing.
fn between(upper: Pixel, lower: Pixel, share: f32) -> Pixel {
  var pixel: Pixel;
  #unroll K VECTORS
  #if UPSAMPLED
  pixel[${K}] = (1.0 - share) * upper[${K}] + share * lower[${K}];
  #else
  pixel[${K}] = upper[${K}];
  #end
  #end
  let last = vec4u(${4 * VECTORS - 4}, ${4 * VECTORS - 3}, ${4 * VECTORS - 2}, ${4 * VECTORS - 1});
  pixel[${VECTORS - 1}] = select(vec4f(LOWEST), pixel[${VECTORS - 1}], last < vec4u(${CLASSES}));
  return pixel;
}

fn largest(pixel: Pixel) -> f32 {
  var four = pixel[0];
  #unroll K VECTORS - 1
  four = max(four, pixel[${K + 1}]);
  #end
  return max(max(four.x, four.y), max(four.z, four.w));
}

const LOWEST = -3.0e38;
