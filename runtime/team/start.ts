/** What starts processes together, by what it leaves in the environment, and which library it is of. @module */

/** Where the library lies, as the launcher has found it or whoever starts it has set it. */
export const mpiVariable = "CROSSVIEW_MPI";

/** Variables that a starter sets in each of its processes, and the library that its processes join by. */
const starters: readonly (readonly [variable: string, library: string])[] = [
  ["OMPI_COMM_WORLD_SIZE", "libmpi.so.40"],
  ["PMI_SIZE", "libmpich.so.12"],
  ["PMI_RANK", "libmpich.so.12"],
];

/** Folders of libraries, as Linux distributions and administrators have them. */
const folders = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib64/openmpi/lib",
  "/usr/lib64/mpich/lib",
  "/usr/lib",
  "/usr/local/lib",
];

/**
 * The library of the MPI that has started this process, an absolute path; undefined where none has, or the library is not found.
 *
 * @param get Looks a variable up.
 * @param exists Whether a file is there.
 */
export function mpiLibrary(
  get: (variable: string) => string | undefined,
  exists: (path: string) => boolean,
): string | undefined {
  const named = get(mpiVariable);
  if (named) return named;
  const found = starters.find(([variable]) => get(variable) !== undefined);
  if (found === undefined) return undefined;
  const searched = [...(get("LD_LIBRARY_PATH") ?? "").split(":").filter(Boolean), ...folders];
  return searched.map((folder) => `${folder}/${found[1]}`).find(exists) ??
    // The loader looks further; it says what it misses.
    found[1];
}
