// Bicubic resize of packed images to another size, aspect or not. One invocation an output pixel.
//
//   image      u32[batch, in_height, in_width]     R | G << 8 | B << 16
//   stretched  u32[batch, out_height, out_width]   the same, rounded to the nearest, halves up
//
// Centers of pixels keep their place: output o lies at (o + 1/2) · in / out − 1/2. Cubic convolution over four pixels of an axis,
// with A = −3/4; outside the image, its border goes on. No antialiasing.
//
// Twin: kernels/reference/view/stretch_image.ts

/// The pixel before the output's place, plus 1, and how far the place lies behind it: exact integers.
fn place_of(output: u32, inputs: u32, outputs: u32) -> vec2u {
  let position = (2u * output + 1u) * inputs + outputs;
  return vec2u(position / (2u * outputs), position % (2u * outputs));
}

/// Weights of the pixels −1, 0, 1, 2 from it.
fn weights_of(t: f32) -> vec4f {
  let a = -0.75;
  let near = vec2f(t, 1.0 - t);
  let far = 1.0 + near;
  let inner = ((a + 2.0) * near - (a + 3.0)) * near * near + 1.0;
  let outer = ((a * far - 5.0 * a) * far + 8.0 * a) * far - 4.0 * a;
  return vec4f(outer.x, inner.x, inner.y, outer.y);
}

/// `place` − 1 + tap − 1, within the image.
fn clamped(place: u32, tap: u32, inputs: u32) -> u32 {
  return min(max(place + tap, 2u) - 2u, inputs - 1u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.out_width) { return; }
  let column = place_of(id.x, extents.in_width, extents.out_width);
  let row = place_of(id.y, extents.in_height, extents.out_height);
  let across = weights_of(f32(column.y) / f32(2u * extents.out_width));
  let down = weights_of(f32(row.y) / f32(2u * extents.out_height));
  var sum = vec3f();
  #unroll R 4
  {
    let line = (id.z * extents.in_height + clamped(row.x, ${R}u, extents.in_height)) * extents.in_width;
    var part = vec3f();
    #unroll C 4
    let word${C} = load_image(line + clamped(column.x, ${C}u, extents.in_width));
    part += across[${C}] * vec3f(vec3u(word${C}, word${C} >> 8u, word${C} >> 16u) & vec3u(255u));
    #end
    sum += down[${R}] * part;
  }
  #end
  let color = vec3u(clamp(floor(sum + 0.5), vec3f(), vec3f(255.0)));
  let at = (id.z * extents.out_height + id.y) * extents.out_width + id.x;
  set_stretched(at, color.x | (color.y << 8u) | (color.z << 16u));
}
