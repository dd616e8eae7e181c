/** CPU twin of `ops/attention/background_first.ts`, in f64: pixels of `classes` maps, dense. */
export function backgroundFirst(
  maps: Float64Array,
  classes: number,
): { y: Float64Array; gradient: (dy: Float64Array) => Float64Array } {
  const pixels = maps.length / classes, all = 1 + classes;
  const own = (pixel: number) => maps.subarray(pixel * classes, (pixel + 1) * classes);
  const y = new Float64Array(pixels * all);
  for (let pixel = 0; pixel < pixels; pixel++) {
    y[pixel * all] = 2 - Math.max(...own(pixel));
    y.set(own(pixel), pixel * all + 1);
  }
  return {
    y,
    gradient(dy) {
      const dx = new Float64Array(maps.length);
      for (let pixel = 0; pixel < pixels; pixel++) {
        for (let c = 0; c < classes; c++) dx[pixel * classes + c] = dy[pixel * all + 1 + c]!;
        dx[pixel * classes + own(pixel).indexOf(Math.max(...own(pixel)))]! -= dy[pixel * all]!;
      }
      return dx;
    },
  };
}
