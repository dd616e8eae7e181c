/** Runs in Dawn: takes texts at their word. @module */

/** What a text is compiled as, by its label; pipelines of more bindings than the device has are left out. */
export async function main(texts: Readonly<Record<string, string>>): Promise<string[]> {
  const adapter = await navigator.gpu.requestAdapter();
  const requiredFeatures = ["shader-f16", "subgroups"] as GPUFeatureName[];
  const device = await adapter!.requestDevice({ requiredFeatures });
  const most = device.limits.maxStorageBuffersPerShaderStage + 1;
  const wrong: string[] = [];
  for (const [label, code] of Object.entries(texts)) {
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code });
    if (code.match(/@binding\(/g)!.length <= most) {
      device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
    }
    const error = await device.popErrorScope();
    if (error) wrong.push(`${label}: ${error.message}`);
  }
  return wrong;
}
