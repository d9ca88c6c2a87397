import { ManualClock } from '@libconveyor/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { Progress } from '../src/progress.ts';
import { barLine, canShowBar, ProgressBar } from '../src/progress-bar.ts';

let clock: ManualClock;
let progress: Progress;

const mib = 1024 ** 2;

beforeEach(() => {
  clock = new ManualClock();
  progress = new Progress(() => clock.nowMs());
});

/** Lets bytes arrive in equal parts, asking for the rate as a bar does. */
function arrive(bytes: number, ms: number): void {
  for (let part = 0; part < 10; part++) {
    clock.advance(ms / 10);
    progress.addBytes(Math.floor((bytes * (part + 1)) / 10) - Math.floor((bytes * part) / 10));
    progress.rate();
  }
}

describe('Progress', () => {
  test('the rate is the one of the last seconds, not of all time', () => {
    expect(progress.rate()).toBe(0);
    arrive(100 * mib, 10_000);
    expect(progress.rate() / mib).toBeCloseTo(10, 0);
    arrive(1000 * mib, 10_000);
    expect(progress.rate() / mib).toBeCloseTo(100, 0);
    arrive(0, 20_000);
    expect(progress.rate()).toBe(0);
  });

  test('the time left is what the rest takes at that rate, where the total is known', () => {
    arrive(50 * mib, 5000);
    expect(progress.secondsLeft()).toBeUndefined();
    progress.total = { bytes: 150 * mib, files: 1 };
    expect(progress.secondsLeft()).toBeCloseTo(10, 0);
    progress.addBytes(200 * mib);
    expect(progress.secondsLeft()).toBe(0);
  });
});

describe('the bar', () => {
  test('shows part, bytes, rate and time left', () => {
    progress.total = { bytes: 100 * mib, files: 1 };
    arrive(25 * mib, 2500);
    expect(barLine(progress, 79, true)).toBe(
      '████████░░░░░░░░░░░░░░░░░░░░░░░░  25 %  25 MiB / 100 MiB  10 MiB/s  0:08 left',
    );
    expect(barLine(progress, 79, false)).toMatch(/^\[#{6,}-{18,}\] {2}25 %/);
  });

  test('counts files where there are several, and shows no part of an unknown whole', () => {
    arrive(25 * mib, 2500);
    progress.files = 3;
    expect(barLine(progress, 79, true)).toBe('25 MiB  10 MiB/s  3 files');
    progress.total = { bytes: 100 * mib, files: 9 };
    expect(barLine(progress, 99, true)).toMatch(/3 \/ 9 files$/);
  });

  test('never says 100 % or nothing left before the end, and that it syncs then', () => {
    progress.total = { bytes: 1000 * mib, files: 1 };
    arrive(1000 * mib - 1, 5000);
    expect(barLine(progress, 79, true)).toMatch(/ 99 % .* 0:01 left$/);
    progress.addBytes(1);
    expect(barLine(progress, 79, true)).toMatch(/100 % .* syncing$/);
  });

  test('fits whatever columns there are', () => {
    progress.total = { bytes: 1234 * mib, files: 1234 };
    arrive(777 * mib, 2500);
    for (let columns = 19; columns < 200; columns++) {
      const line = barLine(progress, columns, columns % 2 === 0);
      expect(line.length).toBeLessThanOrEqual(columns);
      expect(line).toMatch(/62 %/);
    }
  });

  test('of nothing is complete', () => {
    progress.total = { bytes: 0, files: 1 };
    expect(barLine(progress, 79, true)).toMatch(/100 %/);
  });

  test('is drawn over itself, makes room for lines, and leaves a summary', () => {
    const written: string[] = [];
    progress.total = { bytes: 100 * mib, files: 1 };
    const bar = new ProgressBar({ isTTY: true, columns: 60, write: (text) => written.push(text) }, progress, true);
    clock.advance(100);
    bar.draw();
    expect(written, 'a copy that takes no time shows no bar').toEqual([]);
    bar.log('early');
    arrive(50 * mib, 5000);
    bar.draw();
    bar.log('late');
    progress.files = 1;
    bar[Symbol.dispose]();
    const [early, drawn, cleared, line, redrawn, summary, ...rest] = written;
    expect(early).toBe('early\n');
    expect(drawn?.startsWith('\r\x1b[K█')).toBe(true);
    expect([cleared, line, redrawn]).toEqual(['\r\x1b[K', 'late\n', drawn]);
    expect(summary).toBe('\r\x1b[K1 file, 50 MiB in 5.1 s (9.8 MiB/s)\n');
    expect(rest).toEqual([]);
  });

  test('is for terminals that can go back', () => {
    const write = () => undefined;
    expect(canShowBar({ isTTY: true, write }, { TERM: 'xterm' })).toBe(true);
    expect(canShowBar({ isTTY: true, write }, { TERM: 'dumb' })).toBe(false);
    expect(canShowBar({ write }, { TERM: 'xterm' })).toBe(false);
  });
});
