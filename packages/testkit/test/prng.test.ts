import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Prng } from '../src/index.ts';

const hex = (bytes: Iterable<number>) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

const draws: Record<string, (prng: Prng, ...args: number[]) => string> = {
  u64: (prng) => String(prng.nextU64()),
  u32: (prng) => String(prng.nextU32()),
  below: (prng, bound) => String(prng.below(bound as number)),
  between: (prng, begin, end) => String(prng.between(begin as number, end as number)),
  chance: (prng, numerator, denominator) => (prng.chance(numerator as number, denominator as number) ? '1' : '0'),
  real: (prng) => String(prng.real() * 2 ** 53),
  fill: (prng, length) => hex(prng.bytes(length as number)),
  shuffle: (prng, count) => {
    const items = Array.from({ length: count as number }, (_, index) => index);
    prng.shuffle(items);
    return hex(items);
  },
  fork: (prng) => String(prng.fork().nextU64()),
};

test('replays the recorded sequence that the C++ twin replays too', () => {
  const lines = readFileSync(new URL('../traces/prng.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  let prng = new Prng(0);
  let count = 0;
  for (const line of lines) {
    if (line.startsWith('#')) continue;
    const [method = '', ...rest] = line.split(' ');
    if (method === 'seed') {
      prng = new Prng(BigInt(rest[0] as string));
      continue;
    }
    const draw = draws[method];
    if (draw === undefined) throw new Error(`unknown method in the trace: ${line}`);
    const args = rest.slice(0, rest.indexOf('=')).map(Number);
    expect(`${line.slice(0, line.indexOf('=') + 1)} ${draw(prng, ...args)}`).toBe(line);
    count++;
  }
  expect(count).toBeGreaterThan(100);
});

// The published algorithm (prng.di.unimi.it), written with whole 64-bit numbers.
function* reference(seed: bigint): Generator<bigint> {
  const cut = (x: bigint) => BigInt.asUintN(64, x);
  const rotl = (x: bigint, k: bigint) => cut(x << k) | (x >> (64n - k));
  let counter = seed;
  const s = Array.from({ length: 4 }, () => {
    counter = cut(counter + 0x9e3779b97f4a7c15n);
    let z = cut((counter ^ (counter >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = cut((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }) as [bigint, bigint, bigint, bigint];
  for (;;) {
    yield cut(rotl(cut(s[1] * 5n), 7n) * 9n);
    const t = cut(s[1] << 17n);
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45n);
  }
}

test('is xoshiro256** seeded by splitmix64', () => {
  expect(new Prng(0).nextU64()).toBe(0x99ec5f36cb75f2b4n);
  for (const seed of [0n, 7n, 2n ** 64n - 1n]) {
    const prng = new Prng(seed);
    const expected = reference(seed);
    for (let i = 0; i < 2000; i++) expect(prng.nextU64()).toBe(expected.next().value);
  }
});

test('spreads over the whole range', () => {
  const prng = new Prng(1);
  const seen = new Array<number>(5).fill(0);
  for (let i = 0; i < 1000; i++) {
    const value = prng.between(-2, 3);
    seen[value + 2] = (seen[value + 2] ?? Number.NaN) + 1;
  }
  for (const count of seen) expect(count).toBeGreaterThan(100);
  const reals = Array.from({ length: 1000 }, () => prng.real());
  expect(Math.min(...reals)).toBeLessThan(0.05);
  expect(Math.max(...reals)).toBeGreaterThan(0.95);
  expect(new Set(Array.from({ length: 100 }, () => prng.pick(['a', 'b', 'c']))).size).toBe(3);
});

test.each([
  ['a seed below 0', () => new Prng(-1)],
  ['a seed that is no integer', () => new Prng(1.5)],
  ['a seed that is no number', () => new Prng('1' as never)],
  ['a bound below 0', () => new Prng(1).below(-1)],
  ['a bound past 2^53', () => new Prng(1).below(2 ** 53)],
  ['an empty range', () => new Prng(1).between(3, 3)],
  ['nothing to pick', () => new Prng(1).pick([])],
])('refuses %s', (_, action) => {
  expect(action).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_CONVEYOR_ARG_/) }));
});
