/** Seconds, bytes and scores as people read them. @module */

/** Seconds as `8 s`, `4 min 05 s`, `2 h 07 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${two(whole % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** Bytes with a unit of powers of 1,000. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; count >= 999.5 && at < units.length - 1; at++) count /= 1000;
  return `${at === 0 ? count : count.toPrecision(3)} ${units[at]}`;
}

/** A score in percent with two digits; one that could not be made is n/a. */
export function percent(score: number | null): string {
  return score === null ? "n/a" : score.toFixed(2);
}
