/** The WGSL that a driver gets. @module */
import { type BindingForms, preamble } from "./bindings.ts";
import { expand, type ExpandedText } from "./expand.ts";
import type { Kernel } from "./kernel.ts";

/**
 * A kernel's text: the host's directives, the preamble, then its own with directives expanded.
 *
 * @param constants Values of the names in upper case.
 * @param windowBytes Of a part of a binding in windows.
 * @param directives Of the language, that the host wants at the top.
 * @throws {KernelError} If a directive is none, or a binding cannot have its form.
 */
export function shaderText(
  kernel: Kernel,
  constants: Readonly<Record<string, number>>,
  forms: BindingForms = {},
  windowBytes = 0,
  directives: readonly string[] = [],
): ExpandedText {
  const before = [...directives, ...preamble(kernel, forms, windowBytes)];
  const { lines, origins } = expand(
    { name: kernel.file ?? `${kernel.name}.wgsl`, text: kernel.source },
    constants,
    kernel.includes,
  );
  return {
    lines: [...before, ...lines],
    origins: [...before.map(() => `the bindings of ${kernel.name}`), ...origins],
  };
}
