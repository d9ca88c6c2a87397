import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { withTempDir } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { findOverlap, type Section } from './history.ts';
import { type Language, type LockProcess, withProcesses } from './lock-process.ts';

/** The CPUs that tests may use, by number. */
const allowed = execFileSync('sh', ['-c', "taskset -cp $$ | sed 's/.*: //'"], { encoding: 'utf8' }).trim();
const numbers = allowed.split(',').flatMap((part) => {
  const [first = 0, last = first] = part.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
});

/** One, two, and all of them; a machine with two has no third case. */
const cpuSets: [string, string | undefined][] = [
  ['1 CPU', String(numbers[0])],
  ['2 CPUs', numbers.slice(0, 2).join(',')],
  [`all ${availableParallelism()} CPUs`, undefined],
];

const sixteen: Language[] = Array.from({ length: 16 }, (_, index) => (index % 4 === 0 ? 'JavaScript' : 'C++'));
const eight = sixteen.slice(0, 8);

interface StressSection extends Section {
  readonly releaseErrno: number;
}

/** Everybody at once: all have started when the first command is sent. */
async function stress(processes: readonly LockProcess[], count: number, path: string): Promise<StressSection[]> {
  await Promise.all(processes.map((each, index) => each.tell(`stress 1 1 ${path}.start-${index}`)));
  for (const each of processes) await each.answers();
  for (const [index, each] of processes.entries()) each.send(`stress ${count} ${index + 1} ${path}`);
  const answers = await Promise.all(processes.map((each) => each.answers()));
  return answers.flatMap((lines, index) =>
    lines.map((line) => {
      const [, mode, begin, end, errno] = line.split(' ') as [string, Section['mode'], string, string, string];
      return { owner: String(index), mode, begin: BigInt(begin), end: BigInt(end), releaseErrno: Number(errno) };
    }),
  );
}

describe.each(cpuSets)('on %s', (_, cpus) => {
  test('L8: 16 processes x 1,000 increments lose no update', async () => {
    await withTempDir(async (folder) => {
      const path = join(folder, 'counter.txt');
      writeFileSync(path, '0\n');
      await withProcesses(sixteen, { cpus }, async (processes) => {
        // Barrier: every process has started and locked something before the first increment.
        const starts = processes.map((each, index) => each.tell(`try exclusive ${folder}/start-${index}`));
        for (const start of await Promise.all(starts)) expect(start).toMatch(/^ok /);
        for (const each of processes) each.send(`increment 1000 ${path}`);
        for (const answer of await Promise.all(processes.map((each) => each.answer()))) expect(answer).toBe('ok');
      });
      expect(readFileSync(path, 'utf8')).toBe('16000\n');
    });
  });

  test('L8: in the history of a stress run no exclusive section overlaps another', async () => {
    await withTempDir(async (folder) => {
      const history = await withProcesses(eight, { cpus }, (processes) => stress(processes, 300, join(folder, 'file')));
      expect(history).toHaveLength(8 * 300);
      expect(findOverlap(history)).toBeUndefined();
      expect(history.every(({ releaseErrno }) => releaseErrno === 0)).toBe(true);
    });
  });

  test('lesson_34: whoever removes sidecars under their own lock breaks nothing', async () => {
    await withTempDir(async (folder) => {
      const path = join(folder, 'counter.txt');
      writeFileSync(path, '0\n');
      const removing = { stop: false, rounds: 0 };
      const remover = (async () => {
        while (!removing.stop) {
          // flock(1) does not look whether it locked what is there: the remover asks for the same file afterwards.
          const script = `exec 9<>${path}.lock; flock -x 9; [ ${path}.lock -ef /dev/fd/9 ] && rm ${path}.lock`;
          await once(spawn('sh', ['-c', script]), 'close');
          removing.rounds += 1;
        }
      })();
      await withProcesses(eight, { cpus }, async (processes) => {
        for (const each of processes) each.send(`increment 400 ${path}`);
        for (const answer of await Promise.all(processes.map((each) => each.answer()))) expect(answer).toBe('ok');
      });
      removing.stop = true;
      await remover;
      expect(removing.rounds).toBeGreaterThan(0);
      expect(readFileSync(path, 'utf8')).toBe('3200\n');
    });
  });

  test('L8: a sidecar that is unlinked in a loop, locked or not: each overlap is told to who held it', async () => {
    await withTempDir(async (folder) => {
      const path = join(folder, 'file');
      const history = await withProcesses(eight, { cpus }, async (processes) => {
        const running = stress(processes, 300, path);
        let ended = false;
        const done = running.finally(() => {
          ended = true;
        });
        while (!ended) {
          rmSync(`${path}.lock`, { force: true });
          await new Promise((resolve) => setImmediate(resolve));
        }
        return done;
      });
      expect(history).toHaveLength(8 * 300);
      expect(findOverlap(history.filter(({ releaseErrno }) => releaseErrno === 0))).toBeUndefined();
      const others = history.filter(({ releaseErrno }) => releaseErrno !== 0);
      expect(others.every(({ releaseErrno }) => releaseErrno === 116)).toBe(true);
    });
  });
});
