/** Files of a backbone's weights, as ImageNet classifiers come. */
import { Registry } from "../../../models/registry.ts";
import { type BackboneName, BACKBONES, resnet } from "../../../models/resnet.ts";
import { contiguousStrides, type StoredTensor } from "../../../models/stored_tensor.ts";

/** A tensor of one value, whose storage takes that of one element alone. */
export function filled(shape: readonly number[], value: number): StoredTensor {
  const storage = new Uint8Array(Float32Array.of(value).buffer);
  return { dtype: "float32", shape, strides: shape.map(() => 0), offset: 0, storage };
}

/** Every tensor of a backbone with batch counters and a last layer, each of a value of its own. */
export function classifier(backbone: BackboneName): Map<string, StoredTensor> {
  const registry = new Registry();
  resnet({ registry, prefix: "", group: "backbone" }, BACKBONES[backbone], {
    replaceStride: [false, true, true],
  });
  const tensors = new Map<string, StoredTensor>();
  [...registry.parameters, ...registry.statistics].forEach(({ name, shape }, i) => {
    tensors.set(name, filled(shape, 0.001 * (i + 1)));
    if (name.endsWith(".running_var")) {
      const count = {
        dtype: "int64",
        shape: [],
        strides: contiguousStrides([]),
        offset: 0,
        storage: new Uint8Array(8),
      } as const;
      tensors.set(name.replace("running_var", "num_batches_tracked"), count);
    }
  });
  tensors.set("fc.weight", filled([1000, 4], 1));
  tensors.set("fc.bias", filled([1000], 1));
  return tensors;
}
