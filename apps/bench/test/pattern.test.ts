import { expect, test } from 'vitest';
import { Pattern } from '../src/pattern.ts';
import { VerificationError } from '../src/samples.ts';

const block = 256;
const bytes = 100 * block;

test('the right bytes pass, and every wrong one is found', () => {
  const file = new Pattern(7, block).file(bytes);
  new Pattern(7, block).requireEqual(file, bytes);
  for (let at = 0; at < bytes; at += 97) {
    file[at] = (file[at] as number) ^ 0x10;
    const offset = at - (at % block);
    expect(() => new Pattern(7, block).requireEqual(file, bytes)).toThrow(`in the block at offset ${offset}`);
    file[at] = (file[at] as number) ^ 0x10;
  }
});

test('blocks in each other’s place, bytes of another trial and missing bytes are found', () => {
  const file = new Pattern(7, block).file(bytes);
  const swapped = Buffer.from(file);
  file.copy(swapped, 3 * block, 67 * block, 68 * block);
  file.copy(swapped, 67 * block, 3 * block, 4 * block);
  expect(() => new Pattern(7, block).requireEqual(swapped, bytes)).toThrow(VerificationError);
  expect(() => new Pattern(8, block).requireEqual(file, bytes)).toThrow(VerificationError);
  expect(() => new Pattern(7, block).requireEqual(file.subarray(block), bytes)).toThrow('25344 bytes instead of 25600');
});

test('a block is whole words', () => {
  expect(() => new Pattern(1, 100)).toThrow(RangeError);
  expect(() => new Pattern(1, 0)).toThrow(RangeError);
});
