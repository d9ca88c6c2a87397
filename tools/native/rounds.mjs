const workersMax = 16;

/**
 * The settings of stress rounds: the same seed gives the same rounds.
 *
 * @param {{count: number, seed: number, cpus: number[]}} plan `cpus`: numbers to choose from; none leaves all.
 * @returns {Generator<{number: number, env: Record<string, string>, prefix: string[]}>} `number` counts from 1;
 *   `prefix` is the command that confines the round to its CPUs.
 */
export function* roundsOf({ count, seed, cpus }) {
  const random = mulberry32(seed);
  const below = (bound) => Math.floor(random() * bound);
  for (let number = 1; number <= count; number += 1) {
    const env = {
      CONVEYOR_TEST_SEED: String(1 + below(2 ** 31)),
      CONVEYOR_TEST_WORKERS: String(1 + below(workersMax)),
      CONVEYOR_TEST_ITERATIONS: '1',
    };
    const chosen = cpus.slice(0, 1 + below(Math.max(cpus.length, 1)));
    yield { number, env, prefix: chosen.length > 0 ? ['taskset', '-c', chosen.join(',')] : [] };
  }
}

/** A small generator of numbers in [0, 1) with 32 bits of state (Tommy Ettinger's mulberry32). */
export function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
