/** MPI by foreign calls: as much of it as a team needs, of the two implementations that most clusters have. @module */
import { UserError } from "../../pipeline/mod.ts";

/** MPI could not be used as it is. */
export class MpiError extends UserError {
  override readonly name = "MpiError";
}

/** What is asked of any library before its values are known. */
const asked = { MPI_Get_library_version: { parameters: ["buffer", "buffer"], result: "i32" } } as const;

/** The functions of a library whose handles are so. */
const functionsBy = (handle: "pointer" | "u64") =>
  ({
    MPI_Init_thread: { parameters: ["pointer", "pointer", "i32", "buffer"], result: "i32" },
    MPI_Comm_rank: { parameters: [handle, "buffer"], result: "i32" },
    MPI_Comm_size: { parameters: [handle, "buffer"], result: "i32" },
    MPI_Ibcast: { parameters: ["buffer", "i32", handle, "i32", handle, "buffer"], result: "i32" },
    MPI_Iallgatherv: {
      parameters: ["buffer", "i32", handle, "buffer", "buffer", "buffer", handle, handle, "buffer"],
      result: "i32",
    },
    MPI_Ialltoallv: {
      parameters: [
        ...["buffer", "buffer", "buffer", handle],
        ...["buffer", "buffer", "buffer", handle, handle, "buffer"],
      ] as const,
      result: "i32",
    },
    MPI_Test: { parameters: ["buffer", "buffer", handle], result: "i32" },
    MPI_Finalize: { parameters: [], result: "i32" },
  }) as const;

/** A communicator, a type, or where a status is left: whatever the library takes it by. */
type Handle = Deno.PointerValue | bigint;
type Buffer = Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** The functions, each of which gives a status, 0 for success. */
interface Functions {
  MPI_Init_thread(argc: null, argv: null, required: number, provided: Buffer): number;
  MPI_Comm_rank(world: Handle, rank: Buffer): number;
  MPI_Comm_size(world: Handle, size: Buffer): number;
  MPI_Ibcast(
    bytes: Buffer,
    count: number,
    type: Handle,
    root: number,
    world: Handle,
    request: Buffer,
  ): number;
  MPI_Iallgatherv(
    ...args: [Buffer, number, Handle, Buffer, Buffer, Buffer, Handle, Handle, request: Buffer]
  ): number;
  MPI_Ialltoallv(
    ...args: [Buffer, Buffer, Buffer, Handle, Buffer, Buffer, Buffer, Handle, Handle, request: Buffer]
  ): number;
  MPI_Test(request: Buffer, flag: Buffer, status: Handle): number;
  MPI_Finalize(): number;
}

/** What the implementations have otherwise: Open MPI's handles are addresses, MPICH's are integers. */
interface Binary {
  readonly functions: Functions;
  readonly world: Handle;
  /** The type of bytes. */
  readonly byte: Handle;
  readonly noStatus: Handle;
}

function openMpi(path: string): Binary {
  const statics = { ompi_mpi_comm_world: { type: "pointer" }, ompi_mpi_byte: { type: "pointer" } } as const;
  const { symbols } = Deno.dlopen(path, { ...functionsBy("pointer"), ...statics });
  const functions = symbols as unknown as Functions;
  return { functions, world: symbols.ompi_mpi_comm_world, byte: symbols.ompi_mpi_byte, noStatus: null };
}

function mpich(path: string): Binary {
  // Of what is 64 bits wide a callee reads the lower half.
  const functions = Deno.dlopen(path, functionsBy("u64")).symbols as unknown as Functions;
  return { functions, world: 0x44000000n, byte: 0x4c00010dn, noStatus: 1n };
}

/** The implementations, by how their version begins; some others have MPICH's binary interface. */
const binaries: readonly (readonly [begins: string, open: (path: string) => Binary])[] = [
  ["Open MPI", openMpi],
  ["MPICH", mpich],
  ["Intel(R) MPI", mpich],
];

/** Bytes that are sent at once: counts are of 31 bits. */
const MOST = 2 ** 30;
/** Milliseconds of looks in a row, which move large messages, and of the wait after them. */
const LOOK = 10, WAIT = 1;
/** The same where nothing may come for long: what is told is small. */
const GLANCE = 0.1;

/** An opened library: collective operations of all processes. */
export class Mpi {
  readonly rank: number;
  readonly size: number;
  readonly #functions: Functions;
  readonly #binary: Binary;
  /** What MPI works on: no collection of garbage may take it. */
  readonly #used = new Set<readonly unknown[]>();

  /**
   * Joins the processes that were started together.
   *
   * @param path The library: an absolute path.
   * @throws {MpiError} If it cannot be loaded, is none that is known, or does not start.
   */
  constructor(path: string) {
    const version = versionOf(path), known = binaries.find(([begins]) => version.startsWith(begins));
    if (known === undefined) {
      throw new MpiError(
        `Cannot use the MPI of "${path}", which is "${version}": ${
          binaries.map(([begins]) => begins).join(", ")
        } are known`,
      );
    }
    this.#binary = known[1](path);
    this.#functions = this.#binary.functions;
    this.#check("start", this.#functions.MPI_Init_thread(null, null, 0, new Int32Array(1)));
    const number = new Int32Array(1);
    this.#functions.MPI_Comm_rank(this.#binary.world, number);
    this.rank = number[0]!;
    this.#functions.MPI_Comm_size(this.#binary.world, number);
    this.size = number[0]!;
  }

  /** Bytes of rank 0 to all, in place. */
  async broadcast(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { world, byte } = this.#binary;
    for (let at = 0; at < bytes.length; at += MOST) {
      const part = bytes.subarray(at, at + MOST);
      await this.#done(
        "broadcast",
        [part],
        (request) => this.#functions.MPI_Ibcast(part, part.length, byte, 0, world, request),
        bytes.length > 8 ? LOOK : GLANCE,
      );
    }
  }

  /**
   * Bytes of each to all, one after another.
   *
   * @param lengths Of each rank's, together less than 2 GiB.
   */
  async gather(bytes: Uint8Array<ArrayBuffer>, lengths: readonly number[]): Promise<Uint8Array<ArrayBuffer>> {
    const { world, byte } = this.#binary, { counts, starts, all } = placed(lengths);
    await this.#done(
      "gather",
      [bytes, all, counts, starts],
      (request) =>
        this.#functions.MPI_Iallgatherv(bytes, bytes.length, byte, all, counts, starts, byte, world, request),
    );
    return all;
  }

  /**
   * Bytes of each to each, one after another.
   *
   * @param bytes For each rank, one after another.
   * @param sent Of which so many are for each.
   * @param received So many come of each; either of them together less than 2 GiB.
   */
  async exchange(
    bytes: Uint8Array<ArrayBuffer>,
    sent: readonly number[],
    received: readonly number[],
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { world, byte } = this.#binary, out = placed(sent), { counts, starts, all } = placed(received);
    await this.#done(
      "exchange",
      [bytes, out, all, counts, starts],
      (request) =>
        this.#functions.MPI_Ialltoallv(
          bytes,
          out.counts,
          out.starts,
          byte,
          all,
          counts,
          starts,
          byte,
          world,
          request,
        ),
    );
    return all;
  }

  /** Says that this process has done its part. */
  finish(): void {
    this.#check("end", this.#functions.MPI_Finalize());
  }

  /** Starts an operation and waits for it, at little cost where that takes long. */
  async #done(
    what: string,
    used: readonly unknown[],
    start: (request: Uint8Array<ArrayBuffer>) => number,
    looking = LOOK,
  ): Promise<void> {
    this.#used.add(used);
    const request = new Uint8Array(new ArrayBuffer(8)), flag = new Int32Array(new ArrayBuffer(4));
    this.#check(what, start(request));
    for (;;) {
      const until = performance.now() + looking;
      do {
        this.#check(what, this.#functions.MPI_Test(request, flag, this.#binary.noStatus));
      } while (flag[0] === 0 && performance.now() < until);
      if (flag[0] !== 0) break;
      await new Promise((resolve) => setTimeout(resolve, WAIT));
    }
    this.#used.delete(used);
  }

  #check(what: string, status: number): void {
    if (status !== 0) throw new MpiError(`Cannot ${what} by MPI: it gives the status ${status}`);
  }
}

/** What a library calls itself. */
function versionOf(path: string): string {
  const text = new Uint8Array(8192), length = new Int32Array(1);
  try {
    Deno.dlopen(path, asked).symbols.MPI_Get_library_version(text, length);
  } catch (error) {
    throw new MpiError(
      `Cannot load MPI from "${path}": ${
        (error as Error).message
      }. Name its library by CROSSVIEW_MPI, an absolute path`,
      { cause: error },
    );
  }
  return new TextDecoder().decode(text.subarray(0, length[0])).split("\n", 1)[0]!;
}

/** Where parts lie that come one after another. */
function placed(lengths: readonly number[]) {
  // In memory of their own: MPI reads them while it works.
  const [counts, starts] = [0, 1].map(() => new Int32Array(new ArrayBuffer(4 * lengths.length))) as [
    Int32Array<ArrayBuffer>,
    Int32Array<ArrayBuffer>,
  ];
  counts.set(lengths);
  let total = 0;
  lengths.forEach((length, i) => {
    starts[i] = total;
    total += length;
  });
  if (total >= 2 ** 31) {
    throw new MpiError(
      `Cannot send ${total} bytes at once: MPI counts up to ${
        2 ** 31 - 1
      }. Train a smaller network, or in more processes`,
    );
  }
  return { counts, starts, all: new Uint8Array(new ArrayBuffer(total)) };
}
