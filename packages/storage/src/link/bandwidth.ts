import { argumentRangeError, argumentTypeError } from '@libconveyor/errors';

/** Bytes per second, or with a unit: `1Gbit`, `100Mbit`, `20MB`, `512KiB`. */
export type Bandwidth = number | string;

const bytesPerUnit: Readonly<Record<string, number>> = {
  kbit: 125,
  mbit: 125_000,
  gbit: 125_000_000,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** Bytes per second. Errors: TypeError, RangeError with the name. */
export function parseBandwidth(name: string, bandwidth: unknown): number {
  if (typeof bandwidth === 'number') {
    if (bandwidth > 0 && bandwidth < Number.POSITIVE_INFINITY) return bandwidth;
    throw argumentRangeError(name, 'more than 0 bytes per second', bandwidth);
  }
  if (typeof bandwidth !== 'string') throw argumentTypeError(name, "a number or a text such as '1Gbit'", bandwidth);
  const [, amount, unit = 'b'] = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*?)(?:\/s|ps)?$/.exec(bandwidth.trim()) ?? [];
  const factor = bytesPerUnit[unit.toLowerCase() || 'b'];
  const bytes = Number(amount) * (factor ?? Number.NaN);
  if (bytes > 0) return bytes;
  throw argumentRangeError(name, `a number with one of ${Object.keys(bytesPerUnit).join(', ')}`, bandwidth);
}
