const kib = 1024;

/** Three digits that count: 0.123, 1.23, 12.3, 123, 1230. */
export function threeDigits(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 99.95) return value.toFixed(0);
  if (magnitude >= 9.995) return value.toFixed(1);
  return value.toFixed(magnitude >= 0.9995 || magnitude === 0 ? 2 : 3);
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let index = 0;
  let rest = value;
  while (rest >= step * 0.9995 && index < units.length - 1) {
    rest /= step;
    index += 1;
  }
  return `${threeDigits(rest)} ${units[index]}`;
}

/** A time as people read it: `412 ns`, `1.23 µs`, `7.05 ms`, `5.41 s`. */
export function formatNs(ns: number): string {
  return scaled(ns, 1000, ['ns', 'µs', 'ms', 's']);
}

/** How many times: `0.57`, `1.37`, `28.2`, `122`. */
export function formatRatio(ratio: number): string {
  return ratio >= 9.995 ? threeDigits(ratio) : ratio.toFixed(2);
}

/** A rate: `1.62 GB/s` (decimal, as links are sold). */
export function formatRate(bytesPerSecond: number): string {
  return scaled(bytesPerSecond, 1000, ['B/s', 'kB/s', 'MB/s', 'GB/s']);
}

/** A size: `4 KiB`, `10 MiB`, `19.9 MiB`. Whole numbers stay whole. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let index = 0;
  let rest = bytes;
  while (rest >= kib && index < units.length - 1) {
    rest /= kib;
    index += 1;
  }
  return `${Number.isInteger(rest) ? rest : threeDigits(rest)} ${units[index]}`;
}

/** A whole number with thin groups: `10,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}
