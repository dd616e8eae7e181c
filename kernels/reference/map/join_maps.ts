/** CPU twin of `ops/map/join_maps.wgsl`. */
export function joinMaps(parts: readonly ArrayLike<number>[]): number[] {
  return parts.flatMap((part) => Array.from(part));
}
