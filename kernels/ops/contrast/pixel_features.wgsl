// Features of a pixel of two batches, one after the other. For kernels that declare
//
//   x, u   f32[split, 4·vectors], f32[…, 4·vectors]
//
// and the uniforms `split`, pixels of the first, and `vectors`, vec4s of a pixel.

fn feature(pixel: u32, vector: u32) -> vec4f {
  var value: vec4f;
  if (pixel < extents.split) {
    value = load_x(pixel * extents.vectors + vector);
  } else {
    value = load_u((pixel - extents.split) * extents.vectors + vector);
  }
  return value;
}
