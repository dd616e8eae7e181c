// What an anchor of the class `row` is compared with: number 0 is the mean of its class, the others are keys of the queue. For
// kernels that declare
//
//   turns            u32[classes, 4]
//   means            f32[classes, 4·vectors]
//   drawn_negatives  u32[classes, anchors, negatives]
//   queue            f32[size, 4·vectors]
//
// and uniforms of these names.

fn place_of(anchor: u32, number: u32) -> u32 {
  let first = (extents.row * extents.anchors + anchor) * extents.negatives;
  return load_drawn_negatives(first + max(number, 1u) - 1u) % extents.size;
}

fn other(anchor: u32, number: u32, place: u32, vector: u32) -> vec4f {
  var value: vec4f;
  if (number == 0u) {
    value = load_means(load_turns(4u * extents.row + 1u) * extents.vectors + vector);
  } else {
    value = load_queue(place * extents.vectors + vector);
  }
  return value;
}
