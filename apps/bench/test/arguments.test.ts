import { expect, test } from 'vitest';
import { parseBenchArguments, parseStartArguments } from '../src/arguments.ts';
import { UsageError } from '../src/usage-error.ts';
import { allWorkloads } from '../src/workloads.ts';

const parse = (...args: string[]) => parseBenchArguments(args, allWorkloads);
const idsOf = (...args: string[]) => parse(...args).workloads.map(({ id }) => id);

const local = allWorkloads.filter(({ suite }) => suite !== 's3');

test('without arguments everything is measured that needs no network', () => {
  expect(parse()).toEqual({
    action: 'run',
    workloads: local,
    rounds: 11,
    isQuick: false,
    directory: undefined,
    jsonFile: undefined,
  });
});

test('suites and workloads narrow it down', () => {
  expect(idsOf('--suite', 'node').every((id) => id.startsWith('node-'))).toBe(true);
  expect(idsOf('--suite', 'core', '--suite', 'lock', '--suite', 'node')).toEqual(local.map(({ id }) => id));
  expect(idsOf('--suite', 's3')).toEqual([
    's3-read',
    's3-write',
    's3-random-4k',
    's3-random-64k',
    's3-random-1m',
    's3-first-byte',
    's3-small-files',
  ]);
  expect(idsOf('--workload', 's3-read')).toEqual(['s3-read']);
  expect(idsOf('--workload', 'read-64', '--workload', 'write-4k')).toEqual(['write-4k', 'read-64']);
});

test('rounds, files and directories', () => {
  expect(parse('--quick').rounds).toBe(3);
  expect(parse('--quick', '--repeat', '7')).toMatchObject({ rounds: 7, isQuick: true });
  expect(parse('--dir', 'here', '--json=out.json')).toMatchObject({ directory: 'here', jsonFile: 'out.json' });
});

test('help, version and list come before everything else', () => {
  expect(parse('--help', '--version').action).toBe('help');
  expect(parse('--version', '--list').action).toBe('version');
  expect(parse('--list').action).toBe('list');
});

test.each([
  [['--suite', 'gpu'], '--suite gpu: there are core, node, lock, s3'],
  [['--workload', 'x'], '--workload x: there is none; --list names them'],
  [['--suite', 'node', '--workload', 'write-4k'], 'none of these workloads is in that suite'],
  [['--repeat', '0'], '--repeat 0: a whole number from 1 to 1000 is needed'],
  [['--repeat', '2.5'], '--repeat 2.5: a whole number from 1 to 1000 is needed'],
  [['--repeat', '1001'], '--repeat 1001: a whole number from 1 to 1000 is needed'],
  [['--dir', ''], '--dir needs a name'],
  [['--json='], '--json needs a name'],
])('%j is refused in one line', (args, message) => {
  expect(() => parse(...args)).toThrow(new UsageError(message));
});

test.each([[['--speed']], [['file']], [['--quick=yes']], [['--json']]])('%j is refused in one line', (args) => {
  expect(() => parse(...args)).toThrow(UsageError);
  expect(() => parse(...args)).toThrow(/^[^\n]+$/);
});

test('npm start repeats unless it is told not to', () => {
  expect(parseStartArguments([])).toEqual({ action: 'run', isOnce: false, intervalS: 30, directory: undefined });
  expect(parseStartArguments(['--once', '--dir', '/tmp'])).toMatchObject({ isOnce: true, directory: '/tmp' });
  expect(parseStartArguments(['--interval', '5']).intervalS).toBe(5);
  expect(parseStartArguments(['-h']).action).toBe('help');
  expect(() => parseStartArguments(['--interval', '0'])).toThrow('--interval 0: a whole number from 1 to 86400');
  expect(() => parseStartArguments(['once'])).toThrow(UsageError);
});

test('workloads have names of their own, and each has something to reach', () => {
  expect(new Set(allWorkloads.map(({ id }) => id)).size).toBe(allWorkloads.length);
  for (const { conditions, requirements } of allWorkloads) {
    expect(conditions.length).toBeGreaterThan(0);
    expect(requirements.length).toBeGreaterThan(0);
  }
});
