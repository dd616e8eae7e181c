/** CPU twin of `ops/feature/concatenate.ts`: each part [pixels, channels[i]], dense. */
export function concatenate(
  parts: readonly Float64Array[],
  channels: readonly number[],
): { joined: Float64Array; gradients: (gradient: Float64Array) => Float64Array[] } {
  const total = channels.reduce((a, b) => a + b, 0);
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  const places = parts.map((part, i) => {
    const offset = channels.slice(0, i).reduce((a, b) => a + b, 0), own = channels[i]!;
    return Array.from(part, (_, at) => Math.floor(at / own) * total + offset + (at % own));
  });
  parts.forEach((part, i) => part.forEach((value, at) => joined[places[i]![at]!] = value));
  const gradients = (gradient: Float64Array) =>
    places.map((place) => Float64Array.from(place, (at) => gradient[at]!));
  return { joined, gradients };
}
