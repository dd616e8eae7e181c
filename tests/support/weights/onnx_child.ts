/**
 * Runs an ONNX model by ONNX Runtime, which is none of the project's packages: its specifier comes from whoever starts this.
 *
 *     deno run … onnx_child.ts SPECIFIER MODEL INPUT OUTPUT N,3,H,W
 *
 * INPUT and OUTPUT are files of f32, little-endian; the metadata's classes are printed.
 *
 * @module
 */
const [specifier, model, input, output, shape] = Deno.args as [string, string, string, string, string];
const ort = await import(specifier);
const session = await ort.InferenceSession.create(await Deno.readFile(model));
const { buffer } = await Deno.readFile(input);
const image = new ort.Tensor("float32", new Float32Array(buffer), shape.split(",").map(Number));
const { logits } = await session.run({ image });
await Deno.writeFile(
  output,
  new Uint8Array(logits.data.buffer, logits.data.byteOffset, logits.data.byteLength),
);
console.log(JSON.stringify(logits.dims));
