import { DeviceError } from "./errors.ts";
import { grantableBytes } from "./grantable.ts";
import { type BindingForms, windowBytes } from "./shader/bindings.ts";
import type { Kernel } from "./shader/kernel.ts";
import type { ExpandedText } from "./shader/expand.ts";
import { shaderText } from "./shader/text.ts";
import { chooseSharing, type Sharing } from "./sharing.ts";
import { roundUp } from "./tensor.ts";
import { textureBytes, textureDescriptor, type TextureExtents } from "./shader/texture_operand.ts";
import { type Tuning, UNTUNED } from "./tuning/tuning.ts";

/** What the adapter is, as printed at the top of a run and recorded with every result. */
export interface AdapterFacts {
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly features: readonly string[];
  /** Lanes of a subgroup, or 0 where subgroups are refused or vary in size. */
  readonly subgroupSize: number;
  readonly isSoftware: boolean;
  /** What the kernels are cut for. */
  readonly sharing: Sharing;
  /** Most bytes that a kernel binds at once; a whole tensor that is no larger can be one binding. */
  readonly bindingBytes: number;
  /** Most bytes of a buffer, as the device grants them: it may claim more ({@linkcode grantableBytes}). */
  readonly bufferBytes: number;
  /** Larger tensors are bound in windows of so many bytes (shader/bindings.ts), the lesser of the two. */
  readonly windowBytes: number;
  /**
   * Most floating-point operations that it is given at once, in a launch as in a submission; absent where a driver waits as long as
   * it takes.
   */
  readonly flopsAtOnce?: number;
  /** Bytes that the device's memory holds, where they are known: WebGPU does not tell. */
  readonly memoryBytes?: number;
}

/** An open WebGPU device, with its compiled pipelines. */
export interface Device {
  readonly gpu: GPUDevice;
  readonly facts: AdapterFacts;
  /** Which ways of doing an op are the fastest here, as far as it was measured (tuner.ts). */
  readonly tuning: Tuning;
  /**
   * Compiles a kernel once for each set of constants and forms of its bindings; windows are of
   * {@linkcode AdapterFacts.windowBytes}.
   */
  pipeline(
    kernel: Kernel,
    constants: Readonly<Record<string, number>>,
    forms?: BindingForms,
  ): GPUComputePipeline;
  /** How many pipelines, buffers, textures and bind groups were made so far: steady steps must not raise it. */
  readonly created: { pipelines: number; buffers: number; textures: number; bindGroups: number };
  buffer(label: string, bytes: number, usage?: number): GPUBuffer;
  /** A texture for operands (texture_operand.ts). */
  texture(extents: TextureExtents): GPUTexture;
  /** @throws {DeviceError} Once the device is lost or has reported an error; reports may come after the call at fault. */
  check(): void;
  close(): void;
}

/** The limits that kernels and plans rely on; the adapter's own are asked for, as WebGPU grants only low defaults. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxStorageBuffersPerShaderStage",
] as const;

/**
 * Floating-point operations that a GPU is given at once. Drivers end what takes seconds (Windows' after 2 s): at 50 GFLOP/s, less
 * than an integrated GPU reaches, so many take 1 s; at 20 TFLOP/s they take 2.5 ms, beside which a submission costs little. Chosen by
 * that arithmetic: no slow GPU was at hand.
 */
const FLOPS_AT_ONCE = 50e9;

/**
 * What lets a text use subgroups where the language is taken at its word. Whether invocations stay together cannot be proved of
 * kernels that branch on a vote of all of them (`subgroupAny`, `subgroupMin`), whose result is the same for each.
 */
export const SUBGROUPS: readonly string[] = ["enable subgroups;", "diagnostic(off, subgroup_uniformity);"];

/**
 * Opens the best adapter with its own limits, and finds out how large a buffer it grants.
 *
 * @param gpu The platform's entry, `navigator.gpu`.
 * @param options.subgroups False does without subgroups although the adapter has them.
 * @param options.sharing Cuts kernels for another way of sharing than the adapter's fastest.
 * @param options.halves False does without f16 although the adapter has it.
 * @param options.guaranteed Asks for no more than the limits that WebGPU guarantees on every adapter.
 * @param options.bindingBytes Binds no more at once, although the device would.
 * @param options.bufferBytes Makes no larger buffers, although the device would.
 * @param options.flopsAtOnce Gives it no more work at once.
 * @param options.memoryBytes Finds out what the adapter's memory holds, by what the platform offers besides WebGPU.
 * @param options.tuning Looks up what was measured on the adapter before.
 * @throws {DeviceError} If there is no adapter, or it refuses a device, or the sharing.
 */
export async function openDevice(
  gpu: GPU | undefined,
  options: {
    subgroups?: boolean;
    sharing?: Sharing | undefined;
    halves?: boolean;
    guaranteed?: boolean;
    bindingBytes?: number;
    bufferBytes?: number;
    flopsAtOnce?: number;
    memoryBytes?: (adapter: GPUAdapterInfo) => Promise<number | undefined>;
    tuning?: (facts: AdapterFacts) => Promise<Tuning | undefined>;
  } = {},
): Promise<Device> {
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new DeviceError(
      "Cannot open a GPU: no WebGPU adapter was found. On Debian or Ubuntu without a GPU, install " +
        "Mesa's software driver: apt-get install mesa-vulkan-drivers",
    );
  }
  const requiredLimits = options.guaranteed
    ? {}
    : Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const listed = (["timestamp-query"] as const).filter((name) => adapter.features.has(name));
  const halves = options.halves !== false && adapter.features.has("shader-f16") ? ["shader-f16"] : [];
  // Deno grants `subgroups` without listing it, so only asking tells.
  const subgroups = options.subgroups === false ? [] : ["subgroups"];
  const wishes = [
    [...listed, ...halves, ...subgroups],
    [...listed, ...subgroups],
    [...listed, ...halves],
    listed,
  ];
  let device: GPUDevice | undefined;
  let granted: readonly string[] = [];
  let refusal: unknown;
  for (const features of wishes) {
    try {
      device = await adapter.requestDevice({
        requiredLimits,
        requiredFeatures: features as GPUFeatureName[],
      });
      granted = features;
      break;
    } catch (error) {
      refusal = error;
    }
  }
  if (!device) throw new DeviceError(`Cannot open adapter "${adapter.info.description}": ${refusal}`);
  const { info } = adapter;
  const memoryBytes = await options.memoryBytes?.(info);
  const uniform = info.subgroupMinSize === info.subgroupMaxSize ? info.subgroupMaxSize ?? 0 : 0;
  const subgroupSize = granted.includes("subgroups") ? uniform : 0;
  const isSoftware = Boolean(info.isFallbackAdapter) || /llvmpipe|swiftshader/i.test(info.description);
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const most = Math.min(maxBufferSize, options.bufferBytes ?? Infinity);
  const bufferBytes = windowBytes(await grantableBytes(device, most));
  const bindingBytes = windowBytes(Math.min(maxStorageBufferBindingSize, options.bindingBytes ?? Infinity));
  const sharing = chooseSharing({
    isSoftware,
    subgroupSize,
    workgroupBytes: device.limits.maxComputeWorkgroupStorageSize,
    workgroupInvocations: device.limits.maxComputeInvocationsPerWorkgroup,
  }, options.sharing);
  const flopsAtOnce = options.flopsAtOnce ?? (isSoftware ? undefined : FLOPS_AT_ONCE);
  const facts: AdapterFacts = {
    name: info.description || info.device || "unknown adapter",
    vendor: info.vendor,
    architecture: info.architecture,
    features: granted,
    subgroupSize,
    isSoftware,
    bindingBytes,
    bufferBytes,
    windowBytes: Math.min(bindingBytes, bufferBytes),
    ...(flopsAtOnce !== undefined && { flopsAtOnce }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    sharing,
  };
  // Browsers list it, and their language wants it named; Deno's compiler refuses the name.
  const directives = granted.includes("subgroups") && adapter.features.has("subgroups") ? SUBGROUPS : [];
  return new OpenDevice(device, facts, directives, await options.tuning?.(facts));
}

class OpenDevice implements Device {
  readonly created = { pipelines: 0, buffers: 0, textures: 0, bindGroups: 0 };
  /** By the whole text: two kernels of one name are two. */
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  /** The same by what texts are made of, so that a text is made once; constants and forms as JSON. */
  readonly #asked = new WeakMap<Kernel, Map<string, GPUComputePipeline>>();
  /** Label → bytes of the largest buffer of that label: which one did not fit is not reported. */
  readonly #sizes = new Map<string, number>();
  #failure: DeviceError | undefined;
  #closed = false;

  /** @param directives Of the language, at the top of every text. */
  constructor(
    readonly gpu: GPUDevice,
    readonly facts: AdapterFacts,
    readonly directives: readonly string[],
    readonly tuning: Tuning = UNTUNED,
  ) {
    gpu.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      // By name: not every platform has the classes as globals.
      this.#failure ??= new DeviceError(
        error.constructor.name === "GPUOutOfMemoryError"
          ? `The device is out of memory (${error.message}); the largest buffers asked for were ${this.#largest()}, and it ` +
            `granted ${facts.bufferBytes} bytes a buffer when it was opened. Use a smaller crop or batch, or end what else ` +
            "uses the device"
          : `The device reported an error: ${error.message}`,
      );
    });
    gpu.lost.then((info) => {
      if (!this.#closed) {
        this.#failure ??= new DeviceError(`The device was lost (${info.reason}): ${info.message}`);
      }
    });
  }

  pipeline(
    kernel: Kernel,
    constants: Readonly<Record<string, number>>,
    forms: BindingForms = {},
  ): GPUComputePipeline {
    const asked = this.#asked.get(kernel) ?? new Map<string, GPUComputePipeline>();
    this.#asked.set(kernel, asked);
    const key = JSON.stringify([Object.entries(constants).sort(), forms]);
    const known = asked.get(key);
    if (known) return known;
    const text = shaderText(kernel, constants, forms, this.facts.windowBytes, this.directives);
    const code = text.lines.join("\n");
    const pipeline = this.#pipelines.get(code) ?? this.#compile(kernel, constants, forms, text);
    this.#pipelines.set(code, pipeline);
    asked.set(key, pipeline);
    return pipeline;
  }

  #compile(
    kernel: Kernel,
    constants: Readonly<Record<string, number>>,
    { windows = [], textures = [], repeats = [] }: BindingForms,
    text: ExpandedText,
  ): GPUComputePipeline {
    const label = [kernel.name, ...Object.entries(constants).map(([name, value]) => `${name}=${value}`)]
      .join(" ");
    const module = this.gpu.createShaderModule({ label, code: text.lines.join("\n") });
    void this.#report(kernel.name, module, text);
    const visibility = GPUShaderStage.COMPUTE;
    const own = Object.keys(kernel.reads).length + Object.keys(kernel.writes).length;
    const others = windows.reduce((sum, { windows }) => sum + windows - 1, 0);
    const storage = Array.from({ length: own + others }, (_, i) => i + 1)
      .filter((number) => repeats.every(({ binding }) => binding !== number));
    const layout = this.gpu.createBindGroupLayout({
      label: kernel.name,
      entries: [
        { binding: 0, visibility, buffer: { type: "uniform" as const } },
        ...storage.map((binding) => ({
          binding,
          visibility,
          ...(textures.includes(binding)
            ? { texture: { sampleType: "unfilterable-float" as const } }
            : { buffer: { type: "storage" as const } }),
        })),
      ],
    });
    this.created.pipelines++;
    return this.gpu.createComputePipeline({
      label,
      layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
  }

  /** Takes what the compiler has to say, by the file's own lines. */
  async #report(kernel: string, module: GPUShaderModule, { lines, origins }: ExpandedText): Promise<void> {
    const { messages } = await module.getCompilationInfo();
    const error = messages.find(({ type }) => type === "error");
    if (error === undefined) return;
    const at = error.lineNum - 1, reason = error.message.trim().split("\n")[0];
    this.#failure ??= new DeviceError(
      `Cannot compile kernel "${kernel}": ${origins[at] ?? kernel}, "${lines[at]?.trim() ?? ""}": ${reason}`,
    );
  }

  buffer(
    label: string,
    bytes: number,
    usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  ): GPUBuffer {
    checkBufferSize(this, label, bytes);
    this.created.buffers++;
    this.#sizes.set(label, Math.max(bytes, this.#sizes.get(label) ?? 0));
    return this.gpu.createBuffer({ label, size: roundUp(bytes, 16), usage });
  }

  texture(extents: TextureExtents): GPUTexture {
    this.created.textures++;
    const label = "operand texture", bytes = textureBytes(extents);
    this.#sizes.set(label, Math.max(bytes, this.#sizes.get(label) ?? 0));
    return this.gpu.createTexture(textureDescriptor(extents));
  }

  #largest(): string {
    const SHOWN = 3;
    const sorted = [...this.#sizes].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
    return sorted.map(([label, bytes]) => `"${label}" of ${bytes} bytes`).join(", ");
  }

  check(): void {
    if (this.#failure) throw this.#failure;
  }

  close(): void {
    this.#closed = true;
    this.gpu.destroy();
  }
}

/** @throws {DeviceError} If the device does not grant a buffer so large. */
export function checkBufferSize({ gpu, facts }: Device, label: string, bytes: number): void {
  const { name, bufferBytes } = facts, claimed = gpu.limits.maxBufferSize;
  if (bytes <= bufferBytes) return;
  const rule = windowBytes(claimed) === bufferBytes
    ? `allows ${claimed} a buffer`
    : `grants ${bufferBytes} a buffer, of the ${claimed} that it claims`;
  throw new DeviceError(`Cannot allocate ${bytes} bytes for ${label}: "${name}" ${rule}`);
}
