/** Who publishes the lists, and where a copy of them keeps them. @module */

/** A repository that publishes lists, at the commit they were verified at. */
export interface Publisher {
  readonly name: string;
  /** Its page. */
  readonly page: string;
  /** Commit, as abbreviated or full SHA-1. */
  readonly commit: string;
  readonly license: string;
  /** URL below which the lists lie at that commit, with a `/` at its end. */
  readonly lists: string;
}

function onGitHub(repository: string, commit: string, folder: string, license: string): Publisher {
  return {
    name: repository,
    page: `https://github.com/${repository}`,
    commit,
    license,
    lists: `https://raw.githubusercontent.com/${repository}/${commit}/${folder}/`,
  };
}

/** UniMatch: every list of the manifest. */
export const uniMatch: Publisher = onGitHub("LiheYoung/UniMatch", "0324f3d", "splits", "MIT");

/** CCVC: the same files, without U²PL's lists and Cityscapes 1/2. */
export const ccvcOriginal: Publisher = onGitHub(
  "xiaoyao3302/CCVC",
  "274672cca69e9aec809b3f0ecd86ed9885d2a0a5",
  "partitions",
  "none stated",
);

/** Whether CCVC's repository has a partition, too. */
export function inCcvcOriginal(partition: string): boolean {
  return !partition.includes("u2pl_") && partition !== "cityscapes/1_2";
}

/** Where copies keep the lists, relative to what the user names: the folder of lists itself, UniMatch's, CCVC's. */
export const listFolders: readonly string[] = ["", "splits/", "partitions/"];
