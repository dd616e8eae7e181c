import { contiguousStrides, type StoredTensor } from "./stored_tensor.ts";

/**
 * Weights with a counter `num_batches_tracked`, 0, after the running statistics of each batch norm that has none: PyTorch's
 * module keeps one, and asks for it where weights are loaded strictly. With a fixed momentum its value changes nothing.
 */
export function withBatchCounts(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  const out = new Map<string, StoredTensor>();
  for (const [name, tensor] of tensors) {
    out.set(name, tensor);
    if (!name.endsWith(".running_var")) continue;
    const counter = name.replace(/running_var$/, "num_batches_tracked");
    if (tensors.has(counter)) continue;
    out.set(counter, {
      dtype: "int64",
      shape: [],
      strides: contiguousStrides([]),
      offset: 0,
      storage: new Uint8Array(8),
    });
  }
  return out;
}
