/** Who takes part in a contest, and how each is started. */
import { fileURLToPath } from "node:url";
import { driverVariables } from "../../../runtime/host/driver.ts";
import { outputOf } from "../../../runtime/host/environment.ts";
import { permissionsOf } from "../../../cli/process/permissions.ts";
import { pythonWithTorch } from "../../support/torch.ts";
import type { Entry } from "./rival.ts";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const configuration = path("../peers/deno.json");

function npmPeer(name: string, file: string): Entry {
  return {
    name,
    program: Deno.execPath(),
    // The lock beside the configuration says which packages, to the byte.
    args: [
      "run",
      "--no-prompt",
      "--frozen",
      `--config=${configuration}`,
      "--allow-read",
      "--allow-env",
      path(`../peers/${file}`),
    ],
    remedy: "deno install --config tests/bench/peers/deno.json",
  };
}

/** Crossview, jax-js, TensorFlow.js, and PyTorch: on processors in both layouts, on a card in both kinds of arithmetic. */
export async function entries(): Promise<Entry[]> {
  const env = await driverVariables();
  const own: Entry = {
    name: "Crossview",
    program: Deno.execPath(),
    args: ["run", ...permissionsOf(), path("own_contestant.ts")],
    remedy: "deno task doctor",
  };
  return [own, npmPeer("jax-js", "jax.ts"), npmPeer("tfjs-webgpu", "tfjs.ts"), ...await torchEntries()]
    .map((entry) => ({ ...entry, env }));
}

async function torchEntries(): Promise<Entry[]> {
  const entry = (name: string, ...args: string[]): Entry => ({
    name,
    program: pythonWithTorch ?? "python3",
    args: ["-B", "-W", "ignore", path("../peers/torch_peer.py"), ...args],
    remedy: "apt-get install python3-torch, or PYTORCH_PYTHON=<a Python that has torch and numpy>",
  });
  const hasCuda = pythonWithTorch !== undefined &&
    await outputOf(pythonWithTorch, ["-c", "import torch; print(torch.cuda.is_available())"]) === "True";
  // Which layout is the faster differs from work to work on processors; on cards, tensor cores want channels last.
  if (!hasCuda) {
    const threads = `--threads=${navigator.hardwareConcurrency}`;
    return [
      entry("PyTorch, NCHW", threads, "--layout=nchw"),
      entry("PyTorch, NHWC", threads, "--layout=nhwc"),
    ];
  }
  return [
    entry("PyTorch, TF32 off", "--device=cuda", "--layout=nchw"),
    entry("PyTorch, TF32 on", "--device=cuda", "--tf32", "--layout=nhwc"),
  ];
}
