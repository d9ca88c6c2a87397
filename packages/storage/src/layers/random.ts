import { requireInteger } from '@libconveyor/errors';

/** Random numbers in [0, 1), the same ones for the same seed. */
export type Random = () => number;

/** A generator (mulberry32, T. Ettinger 2017) for choices and jitter; not for secrets. */
export function seededRandom(seed: number): Random {
  requireInteger('seed', seed, 0);
  let state = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
