/** Weights that cannot be read, or do not fit the network they are meant for. */
export class WeightsError extends Error {
  /** Class name, for logs. */
  override readonly name = "WeightsError";
}
