import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../bootstrap/places.mjs';
import { formatHex, makeSeeds, parseHex } from '../fuzz-inputs.mjs';

const inputs = join(root, 'packages', 'core', 'test', 'fuzz', 'inputs');

test('an input survives its text, whose comments are no bytes', () => {
  const bytes = Uint8Array.from({ length: 200 }, (_, index) => index);
  const text = formatHex(bytes, 'cafe: looks like bytes');
  expect(Uint8Array.from(parseHex(text))).toEqual(bytes);
  expect(text.split('\n').every((line) => line.length <= 120)).toBe(true);
  expect(() => parseHex('0g')).toThrow('not hexadecimal');
  expect(() => parseHex('abc')).toThrow('not hexadecimal');
});

test('the seeds of the repository are those that the command makes', () => {
  const names = readdirSync(inputs).filter((name) => name.startsWith('seed-'));
  const kept = names.sort().map((name) => Uint8Array.from(parseHex(readFileSync(join(inputs, name), 'utf8'))));
  expect(kept).toEqual(makeSeeds({ count: kept.length, seed: 1 }));
  expect(kept.length).toBeGreaterThan(0);
});
