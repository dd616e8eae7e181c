/** CPU twin of `ops/contrast/positions.wgsl`: for each row the columns whose flag has the bit. */
export function positions(rows: readonly ArrayLike<number>[], bit: number): number[][] {
  return rows.map((row) => Array.from(row, (_, i) => i).filter((i) => (row[i]! & bit) !== 0));
}
