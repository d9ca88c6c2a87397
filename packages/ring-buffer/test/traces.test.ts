import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { byteRingPlayer, type Player, spscPlayer } from './traces/player.ts';

const traces: [string, () => Player][] = [
  ['byte-ring-from-zero', byteRingPlayer],
  ['byte-ring-past-32-bits', byteRingPlayer],
  ['spsc-bytes', spscPlayer],
  ['spsc-frames', spscPlayer],
  ['spsc-abandoned', spscPlayer],
];

test.each(traces)('replays %s as the C++ twin does', (name, player) => {
  const text = readFileSync(new URL(`../traces/${name}.txt`, import.meta.url), 'utf8');
  const lines = text.trimEnd().split('\n');
  const play = player();
  let count = 0;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('#')) continue;
    const [call = '', result] = line.split(' = ');
    const [operation = '', ...args] = call.split(' ');
    expect(`${index + 1}: ${call} = ${play(operation, args)}`).toBe(`${index + 1}: ${call} = ${result}`);
    count++;
  }
  expect(count).toBeGreaterThan(100);
});

test('the traces hold every kind of outcome', () => {
  const seen = new Set<string>();
  for (const [name] of traces) {
    const text = readFileSync(new URL(`../traces/${name}.txt`, import.meta.url), 'utf8');
    for (const line of text.split('\n')) {
      const [call = '', result = ''] = line.split(' = ');
      seen.add(`${call.split(' ')[0]} ${/^[a-z_]+/.exec(result)?.[0] ?? 'number'}`);
    }
  }
  const expected = ['write full', 'write number', 'resize resized', 'resize refused', 'view refused', 'commit refused'];
  expected.push('overwrite ok', 'overwrite refused', 'copy refused', 'release ok', 'release refused', 'push full');
  expected.push('push done', 'push closed', 'pop done', 'pop empty', 'pop ended', 'push_frame full', 'push_frame done');
  expected.push(
    'push_frame closed',
    'push_frame too_large',
    'push_frame abandoned',
    'pop_frame done',
    'pop_frame empty',
  );
  expected.push('pop_frame ended', 'pop_frame too_small');
  expect(expected.filter((outcome) => !seen.has(outcome))).toEqual([]);
});
