// Color jitter as torchvision does it on Pillow images, then gray; u8 after each step. Brightness, contrast, saturation and
// hue follow in each sample's own order.
//
// LUMA 1: what contrast needs. One invocation sums the lumas of each `chunks`-th pixel of a sample, as they are when
//         contrast's turn comes.
//   image     u32[batch, pixels]     R | G << 8 | B << 16
//   settings  u32[batch, 12]         flags (1 jitter, 2 gray), order (4 bits a step: 0 brightness, 1 contrast,
//                                    2 saturation, 3 hue, 15 nothing), factors of the first three (f32), shift of hue
//                                    (u8), (of the blur: six words)
//   partials  u32[batch, chunks]
//
// LUMA 0: one invocation a pixel.
//   image, settings
//   means     u32[batch]             rounded mean luma before contrast
//   adjusted  u32[batch, pixels]
//
// Uniforms:
//   pixels  of one sample
//
// Twin: kernels/reference/view/photometric.ts

fn unpack(word: u32) -> vec3u {
  return vec3u(word, word >> 8u, word >> 16u) & vec3u(255u);
}

// ITU-R 601-2, in Pillow's fixed point.
fn luma(color: vec3u) -> u32 {
  return (color.x * 19595u + color.y * 38470u + color.z * 7471u + 0x8000u) >> 16u;
}

// Pillow's Image.blend. Exact in f32 for factors that are multiples of 2⁻¹⁴, whether or not the driver fuses it.
fn blend(base: vec3u, color: vec3u, factor: f32) -> vec3u {
  let mixed = vec3f(base) + factor * (vec3f(color) - vec3f(base));
  return vec3u(clamp(mixed, vec3f(0.0), vec3f(255.0)));
}

// Where the exact quotient is a whole number, Pillow's chain of f32 and f64 may end just below it. It does so for these
// hues, whatever the color: a bit each, found by going through all 2²⁴ colors.
fn roundsDown(hue: u32) -> u32 {
  let bit = hue % 32u;
  switch (hue / 32u) {
    case 0u: { return (0xfffffffeu >> bit) & 1u; }
    case 2u: { return (0x11000000u >> bit) & 1u; }
    case 3u: { return (0x00000111u >> bit) & 1u; }
    case 4u: { return (0x222aaaaau >> bit) & 1u; }
    case 5u: { return (0x23232222u >> bit) & 1u; }
    case 6u: { return (0x00022222u >> bit) & 1u; }
    default: { return 0u; }
  }
}

// To Pillow's HSV bytes, hue shifted modulo 256, and back. Pillow's float formulas as fractions of integers, which agree
// with it for all 2²⁴ colors, both ways.
fn shiftHue(color: vec3u, shift: u32) -> vec3u {
  let v = max(color.x, max(color.y, color.z));
  let range = v - min(color.x, min(color.y, color.z));
  if (range == 0u) { return color; }
  let s = range * 255u / v;
  // Sixths of the circle, in units of 1 / (6 · range); without the last branch's 6, red to magenta would be negative.
  var turn = 4u * range + color.x - color.y;
  if (color.x == v) {
    turn = select(6u * range, 0u, color.y >= color.z) + color.y - color.z;
  } else if (color.y == v) {
    turn = 2u * range + color.z - color.x;
  }
  let numerator = turn * 255u;
  let quotient = numerator / (6u * range);
  let whole = numerator == quotient * 6u * range;
  var h = quotient;
  if (whole) { h -= roundsDown(quotient); }
  h = (h + shift) & 255u;
  if (s == 0u) { return vec3u(v); }
  let sector = h * 6u / 255u;
  let part = h * 6u - 255u * sector;
  let p = (2u * v * (255u - s) + 255u) / 510u;
  let q = (2u * v * (65025u - s * part) + 65025u) / 130050u;
  let t = (2u * v * (65025u - s * (255u - part)) + 65025u) / 130050u;
  switch (sector % 6u) {
    case 0u: { return vec3u(v, t, p); }
    case 1u: { return vec3u(q, v, p); }
    case 2u: { return vec3u(p, v, t); }
    case 3u: { return vec3u(p, q, v); }
    case 4u: { return vec3u(t, p, v); }
    default: { return vec3u(v, p, q); }
  }
}

// The first steps of the sample's order.
fn jitter(start: vec3u, sample: u32, mean: u32, steps: u32) -> vec3u {
  let head = load_settings(3u * sample);
  let tail = load_settings(3u * sample + 1u);
  var color = start;
  for (var k = 0u; k < steps; k++) {
    switch ((head.y >> (4u * k)) & 15u) {
      case 0u: { color = blend(vec3u(0u), color, bitcast<f32>(head.z)); }
      case 1u: { color = blend(vec3u(mean), color, bitcast<f32>(head.w)); }
      case 2u: { color = blend(vec3u(luma(color)), color, bitcast<f32>(tail.x)); }
      case 3u: { color = shiftHue(color, tail.y); }
      default: {}
    }
  }
  return color;
}

#if LUMA
fn contrastStep(order: u32) -> u32 {
  var step = 0u;
  for (var k = 1u; k < 4u; k++) {
    if (((order >> (4u * k)) & 15u) == 1u) { step = k; }
  }
  return step;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.chunks) { return; }
  let head = load_settings(3u * id.z);
  var sum = 0u;
  if ((head.x & 1u) != 0u) {
    let steps = contrastStep(head.y);
    for (var i = id.x; i < extents.pixels; i += extents.chunks) {
      sum += luma(jitter(unpack(load_image(id.z * extents.pixels + i)), id.z, 0u, steps));
    }
  }
  set_partials(id.z * extents.chunks + id.x, sum);
}
#else
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.pixels) { return; }
  let flags = load_settings(3u * id.z).x;
  var color = unpack(load_image(id.z * extents.pixels + id.x));
  if ((flags & 1u) != 0u) { color = jitter(color, id.z, load_means(id.z), 4u); }
  if ((flags & 2u) != 0u) { color = vec3u(luma(color)); }
  set_adjusted(id.z * extents.pixels + id.x, color.x | (color.y << 8u) | (color.z << 16u));
}
#end
