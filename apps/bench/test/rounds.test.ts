import { expect, test } from 'vitest';
import { type RoundsPlan, runRounds, type Side, type Trial } from '../src/rounds.ts';

const bytes = 4096;
const plan = (rounds: number): RoundsPlan => ({ rounds, bytes, signal: new AbortController().signal });

function measured(trial: Trial): void {
  trial.watch.start();
  trial.watch.stop();
  trial.verifiedBytes = bytes;
}

function recorder(): { order: string[]; side: (name: string, roundsMost?: number) => Side } {
  const order: string[] = [];
  const side = (name: string, roundsMost?: number): Side => ({
    name,
    ...(roundsMost === undefined ? {} : { roundsMost }),
    async run(trial) {
      order.push(name);
      measured(trial);
    },
  });
  return { order, side };
}

test('sides run in turn with alternating order, after a warm-up', async () => {
  const { order, side } = recorder();
  const samples = await runRounds([side('a'), side('b'), side('c')], plan(3));
  expect(order.join('')).toBe('abccbaabccba');
  expect(samples.map(({ round }) => round).join('')).toBe('000111222333');
  expect(samples.map((sample) => sample.order)).toEqual([...samples.keys()]);
});

test('a slow peer runs as often as it says, and never to warm up', async () => {
  const { order, side } = recorder();
  await runRounds([side('a'), side('b', 1)], plan(3));
  expect(order.join('')).toBe('abaaa');
});

test('no two trials have the same bytes', async () => {
  const seeds: number[] = [];
  const side: Side = {
    name: 'a',
    async run(trial) {
      seeds.push(trial.seed);
      measured(trial);
    },
  };
  await runRounds([side, { ...side, name: 'b' }], plan(4));
  expect(new Set(seeds).size).toBe(10);
});

test('a side that proves too little, or stops no clock, is refused', async () => {
  const careless: Side = {
    name: 'careless',
    async run(trial) {
      measured(trial);
      trial.verifiedBytes -= 1;
    },
  };
  await expect(runRounds([careless], plan(1))).rejects.toThrow('careless has not verified all bytes');
  const endless: Side = {
    name: 'endless',
    async run(trial) {
      trial.watch.start();
      trial.verifiedBytes = bytes;
    },
  };
  await expect(runRounds([endless], plan(1))).rejects.toThrow('not stopped its clock');
});

test('an abort ends it between two trials, with its reason', async () => {
  const controller = new AbortController();
  const { order, side } = recorder();
  const last: Side = {
    name: 'last',
    async run(trial) {
      controller.abort(new Error('enough'));
      measured(trial);
    },
  };
  const running = runRounds([side('a'), last], { rounds: 9, bytes, signal: controller.signal });
  await expect(running).rejects.toThrow('enough');
  expect(order).toEqual(['a']);
});
