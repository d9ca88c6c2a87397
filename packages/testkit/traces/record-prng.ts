// Writes prng.txt: what the generator draws, for both languages to replay. `pnpm --filter @libconveyor/testkit record`.
import { writeFileSync } from 'node:fs';
import { Prng } from '../src/prng.ts';

const seeds = [0n, 1n, 1234567n, 2n ** 53n, 2n ** 64n - 1n];
const hex = (bytes: Iterable<number>) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

function record(seed: bigint): string[] {
  const prng = new Prng(seed);
  const lines = [`seed ${seed}`];
  for (let i = 0; i < 8; i++) lines.push(`u64 = ${prng.nextU64()}`);
  for (let i = 0; i < 4; i++) lines.push(`u32 = ${prng.nextU32()}`);
  for (const bound of [0, 1, 2, 3, 10, 100, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40 + 3, 2 ** 53 - 1]) {
    for (let i = 0; i < 4; i++) lines.push(`below ${bound} = ${prng.below(bound)}`);
  }
  for (const [begin, end] of [
    [-5, 5],
    [0, 1],
    [-(2 ** 40), 2 ** 40],
  ] as const) {
    for (let i = 0; i < 4; i++) lines.push(`between ${begin} ${end} = ${prng.between(begin, end)}`);
  }
  for (let i = 0; i < 8; i++) lines.push(`chance 1 3 = ${prng.chance(1, 3) ? 1 : 0}`);
  for (let i = 0; i < 4; i++) lines.push(`real = ${prng.real() * 2 ** 53}`);
  for (const length of [1, 7, 8, 9, 20]) lines.push(`fill ${length} = ${hex(prng.bytes(length))}`);
  for (const count of [2, 10]) {
    const items = Array.from({ length: count }, (_, index) => index);
    prng.shuffle(items);
    lines.push(`shuffle ${count} = ${hex(items)}`);
  }
  lines.push(`fork = ${prng.fork().nextU64()}`, `u64 = ${prng.nextU64()}`);
  return lines;
}

const head = '# Draws of the seeded generator, one a line: `method [arguments] = result`; `seed N` starts anew.';
writeFileSync(new URL('./prng.txt', import.meta.url), `${[head, ...seeds.flatMap(record)].join('\n')}\n`);
