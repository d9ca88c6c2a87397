import { expect, test } from 'vitest';
import { type Bar, barLines } from '../src/bars.ts';
import { shownLength, type Terminal } from '../src/terminal.ts';

const plain: Terminal = { width: 80, isInteractive: false, hasBlocks: false };
const blocks: Terminal = { width: 80, isInteractive: false, hasBlocks: true };

const bars: Bar[] = [
  { label: 'conveyor', value: 1660, text: '1.66 GB/s  1.40 × pwrite', isSubject: true },
  { label: 'pwrite', value: 1190, text: '1.19 GB/s', isSubject: false },
  { label: 'unbuffered', value: 1.9, text: '1.90 MB/s', isSubject: false },
];

test('plain bars fit 80 columns', () => {
  expect(barLines(bars, plain)).toMatchInlineSnapshot(`
    [
      "  conveyor    ########################################  1.66 GB/s  1.40 × pwrite",
      "  pwrite      #############################             1.19 GB/s",
      "  unbuffered  #                                         1.90 MB/s",
    ]
  `);
});

test('block bars are drawn in eighths of a character', () => {
  expect(barLines(bars, blocks)).toMatchInlineSnapshot(`
    [
      "  conveyor    ████████████████████████████████████████  1.66 GB/s  1.40 × pwrite",
      "  pwrite      ████████████████████████████▋             1.19 GB/s",
      "  unbuffered  ▏                                         1.90 MB/s",
    ]
  `);
});

test('no line is longer than the terminal, coloured or not', () => {
  for (const width of [60, 80, 100]) {
    for (const line of barLines(bars, { width, isInteractive: true, hasBlocks: true })) {
      expect(shownLength(line)).toBeLessThanOrEqual(width);
    }
  }
});

test('nothing at all has no bar', () => {
  const none = [{ label: 'a', value: 0, text: '0', isSubject: true }];
  expect(barLines(none, plain)).toEqual([`  a  ${' '.repeat(72)}  0`]);
});
