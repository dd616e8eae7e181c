/** CPU twin of `ops/number/label_share.wgsl`, in f64: the share of labels that are not 255, and its inverse. */
export function labelShare(labels: ArrayLike<number>): [share: number, inverse: number] {
  const labeled = Array.from(labels).filter((label) => label !== 255).length;
  return [labeled / labels.length, labeled === 0 ? 0 : labels.length / labeled];
}
