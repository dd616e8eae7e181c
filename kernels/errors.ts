/** Shapes that do not fit each other. The message states the rule and both sides of it. */
export class ShapeError extends RangeError {
  override readonly name = "ShapeError";
}

/** The adapter or the device cannot do what is asked, or has stopped doing it. */
export class DeviceError extends Error {
  /** Class name, for logs. */
  override readonly name = "DeviceError";
}

/** A kernel that WebGPU refuses, or that would run into a limit no driver reports. */
export class KernelError extends Error {
  override readonly name = "KernelError";
}
