const exponents: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 };

/** Bytes, for the error that says what was expected. */
export const sizeExamples = '65536, 512KiB or 8MiB';

/**
 * The bytes that a text means: `65536`, `512KiB`, `8MiB`, `1G` (K, M, G, T alone are the binary ones), `5MB` (the
 * decimal ones, of 1000). Case does not matter. Undefined for everything else and for more than can be counted exactly.
 */
export function parseSize(text: string): number | undefined {
  const [, digits, letter = '', ending = ''] = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(ib|b)?|b)?$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const base = ending.toLowerCase() === 'b' ? 1000 : 1024;
  const size = Number(digits) * base ** (exponents[letter.toLowerCase()] ?? 0);
  return Number.isSafeInteger(size) ? size : undefined;
}

/** A number of bytes for people: `0 B`, `1023 B`, `1.5 KiB`, `12 MiB`, `3.4 TiB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 'B';
  for (const next of ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']) {
    // What would be rounded up to four digits belongs to the next unit.
    if (Math.round(value) < 1024) break;
    value /= 1024;
    unit = next;
  }
  const digits = unit !== 'B' && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${unit}`;
}

/** Seconds for people: `0:07`, `12:30`, `3:05:00`. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.ceil(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const rest = two(total % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** The seconds that a text means: `90s`, `30m`, `12h`, `7d`, `2w`, or plain seconds. Undefined for everything else. */
export function parseAge(text: string): number | undefined {
  const [, digits, unit = 's'] = /^(\d+)\s*([smhdw])?$/i.exec(text.trim()) ?? [];
  const seconds = digits === undefined ? Number.NaN : Number(digits) * (unitSeconds[unit.toLowerCase()] ?? 1);
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}
