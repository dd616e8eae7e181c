/** The implementations of MPI that this machine has. @module */
import { mpiLibrary } from "../../../runtime/team/start.ts";
import { isFile } from "../../../runtime/host/paths.ts";

/** One of them. */
export interface Implementation {
  readonly name: string;
  /** What is lacking of it; undefined where it is there. */
  readonly lacks: string | undefined;
  readonly library: string;
  /** What starts so many processes, before their command. */
  starter(processes: number): readonly string[];
}

/** What lets Open MPI be started by root, as in a container. */
export const mpiEnvironment = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" } as const;

function implementation(name: string, program: string, variable: string, debian: string, ...flags: string[]) {
  const library = mpiLibrary((asked) => asked === variable ? "1" : undefined, isFile)!;
  const isThere = isFile(`/usr/bin/${program}`) && library.startsWith("/");
  return {
    name,
    lacks: isThere ? undefined : `${name} is not installed (Debian: apt-get install ${debian})`,
    library,
    starter: (processes: number) => [program, ...flags, "-n", String(processes)],
  };
}

/** Both that are known. */
export const implementations: readonly Implementation[] = [
  implementation("Open MPI", "mpirun.openmpi", "OMPI_COMM_WORLD_SIZE", "openmpi-bin", "--oversubscribe"),
  implementation("MPICH", "mpirun.mpich", "PMI_SIZE", "mpich"),
];
