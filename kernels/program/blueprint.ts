import { checkBufferSize, type Device } from "../device.ts";
import { DeviceError } from "../errors.ts";

/**
 * A stand-in for a device, with its limits and none of its memory: what is captured on it tells what a program would take, and
 * asks for what is too large are refused as the device would. Nothing can be run, uploaded or read.
 */
export function blueprint(device: Device): Device {
  const { facts, tuning, gpu: { limits } } = device;
  const created = { pipelines: 0, buffers: 0, textures: 0, bindGroups: 0 };
  return {
    gpu: { limits } as GPUDevice,
    facts,
    tuning,
    created,
    pipeline(kernel) {
      throw new DeviceError(`Cannot compile kernel "${kernel.name}": a blueprint is for captures alone`);
    },
    buffer(label, bytes) {
      checkBufferSize(device, label, bytes);
      created.buffers++;
      return { label, size: bytes, destroy() {} } as GPUBuffer;
    },
    texture({ rows, layers }) {
      created.textures++;
      return { height: rows, depthOrArrayLayers: layers, destroy() {} } as GPUTexture;
    },
    check() {},
    close() {},
  };
}
