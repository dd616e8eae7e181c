// Random numbers, uniform over [0, 1) in steps of 2⁻²⁴.
//
//   counters   u32[4]                  seed, epoch, step, first sample of the micro-batch
//   values     f32[samples · length]
//
// Entry n of the i-th sample is draw n of the random stream (seed, stream, epoch, step, sample) of kernels/random.ts, where sample is
// first sample + i, or 0 for what is drawn once a step. An invocation writes the four entries of one block.
//
// Uniforms:
//   blocks     blocks of a sample: length / 4, rounded up
//   count      blocks of all samples
//   length     entries of a sample
//   stride     invocations along x
//   stream     FNV-1a of the stream's name
//
// Twin: kernels/reference/map/uniform_map.ts

#include random.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  let place = i / extents.blocks;
  let block = i % extents.blocks;
#if BY_IMAGE
  let sample = load_counters(3) + place;
#else
  let sample = 0u;
#end
  let counter = vec4u(block, load_counters(1), load_counters(2), sample);
  let draws = philox(counter, vec2u(load_counters(0), extents.stream));
  // The upper 24 bits are exact in f32.
  let drawn = vec4f(draws >> vec4u(8u)) * 0x1p-24f;
  let origin = place * extents.length + block * 4u;
  #unroll LANE 4
  if (block * 4u + ${LANE}u < extents.length) { set_values(origin + ${LANE}u, drawn[${LANE}]); }
  #end
}
