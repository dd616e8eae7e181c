import { defineKernel, type Kernel } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";

/** What an update may read besides what its rule needs. */
export interface UpdateExtras {
  /** Whether the step is made, and what gradients are multiplied by; see guard_update.ts. */
  readonly guard?: Tensor | undefined;
  /** Where weight decay pulls to; 0 where there is none. */
  readonly start?: Tensor | undefined;
}

/** The kernels of an optimizer's rule, by what else they read: the guard, then the start. */
export function updateKernels(plain: Kernel): (given: UpdateExtras) => Kernel {
  const [unguarded, guarded] = [false, true].map((guard) =>
    [false, true].map((start) =>
      defineKernel({
        ...plain,
        name: `${plain.name}${guard ? "_guarded" : ""}${start ? "_towards" : ""}`,
        reads: {
          ...plain.reads,
          ...(guard && { guard: "vec4f" as const }),
          ...(start && { start: "vec4f" as const }),
        },
      })
    )
  ) as [[Kernel, Kernel], [Kernel, Kernel]];
  return ({ guard, start }) => (guard ? guarded : unguarded)[start ? 1 : 0];
}
