// Goes through the pixels of an image, of which fewer logits are stored (upsampled_logits.wgsl). For kernels that define
//
//   fn visit(walk: Walk, row: u32, pixel: Pixel)   what is done with the logits of a pixel
//
// An invocation takes the pixels of a column from row to row.

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.y * extents.stride + id.x;
  if (index >= walk_count()) { return; }
  let walk = walk_of(index);
  var upper: Pixel;
  var lower = stored_row(walk, walk.first);
  for (var interval = walk.first; interval < walk.end; interval++) {
    upper = lower;
    lower = stored_row(walk, interval + 1u);
    let end = first_row(interval + 1u);
    for (var row = first_row(interval); row < end; row++) {
      visit(walk, row, between(upper, lower, lower_share(row, interval)));
    }
  }
}
