/** Weights that cannot be read, or do not fit the network they are meant for. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
}
