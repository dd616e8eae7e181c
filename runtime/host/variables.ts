/** Variables of the environment that Crossview reads for itself. @module */

/** Which kernels are taken, where it is not the adapter's fastest: one of `kernels/sharing.ts`. */
export const sharingVariable = "CROSSVIEW_SHARING";

/** Variables that name the remote cache. */
export const remoteVariables = {
  /** Address. */
  url: "CROSSVIEW_REMOTE_CACHE",
  /** `read`, the default, or `read-write`. */
  mode: "CROSSVIEW_REMOTE_CACHE_MODE",
  /** Bearer token. */
  token: "CROSSVIEW_REMOTE_CACHE_TOKEN",
} as const;
