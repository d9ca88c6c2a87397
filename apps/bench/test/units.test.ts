import { expect, test } from 'vitest';
import { formatBytes, formatCount, formatNs, formatRate, formatRatio, threeDigits } from '../src/units.ts';

test('times, rates and sizes have three digits that count and a fitting unit', () => {
  expect([0, 0.12345, 1.2345, 12.345, 123.45, 1234.5].map(threeDigits)).toEqual([
    '0.00',
    '0.123',
    '1.23',
    '12.3',
    '123',
    '1235',
  ]);
  expect([412, 999.6, 1234, 7_050_000, 5.41e9, 3.6e12].map(formatNs)).toEqual([
    '412 ns',
    '1.00 µs',
    '1.23 µs',
    '7.05 ms',
    '5.41 s',
    '3600 s',
  ]);
  expect([950, 29_100_000, 1.62e9].map(formatRate)).toEqual(['950 B/s', '29.1 MB/s', '1.62 GB/s']);
  expect([64, 4096, 10 * 1024 ** 2, 1.5 * 1024 ** 3].map(formatBytes)).toEqual(['64 B', '4 KiB', '10 MiB', '1.50 GiB']);
});

test('ratios below ten keep two places', () => {
  expect([0.5749, 1.374, 9.994, 9.996, 28.24, 122.2].map(formatRatio)).toEqual([
    '0.57',
    '1.37',
    '9.99',
    '10.0',
    '28.2',
    '122',
  ]);
  expect(formatCount(10_000)).toBe('10,000');
});
