import { join } from 'node:path';
import { EventLog, HandleRegistry, type HandleSource, readingFields, serveAdmin } from '@libconveyor/observability';
import { eventually, withTempDir } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { conveyor, start } from './child.ts';

/** A handle that has counted this. */
function source(numbers: Record<string, number>): HandleSource {
  return {
    path: '/a',
    scheme: 'file',
    observe(values) {
      for (const [index, field] of readingFields.entries()) values[index] = numbers[field] ?? 0;
      return true;
    },
    error: () => undefined,
    flush: async () => undefined,
    clearError: () => undefined,
  };
}

async function withEndpoint(
  numbers: Record<string, number>,
  body: (directory: string) => Promise<void>,
): Promise<void> {
  await withTempDir(async (temporary) => {
    const directory = join(temporary, 'admin');
    const registry = new HandleRegistry();
    const handle = source(numbers);
    registry.add(handle);
    await using _server = await serveAdmin({ directory, registry, events: new EventLog() });
    await body(directory);
    expect(handle.path).toBe('/a'); // the registry holds it weakly
  });
}

describe('conveyor top', () => {
  test('shows what programs have done', async () => {
    const numbers = {
      bytesRead: 3 * 1024 ** 2,
      bytesWritten: 2048,
      dirtyBytes: 4096,
      dirtyAgeNs: 2.5e9,
      stickyError: 28,
    };
    await withEndpoint({ ...numbers, readHits: 3, readMisses: 1, retries: 7, stalls: 2 }, async (directory) => {
      const { status, stdout, stderr } = await conveyor(['top', '--once', '--directory', directory]);
      expect([status, stderr]).toEqual([0, '']);
      const [names, row] = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
      expect(names?.slice(0, 4)).toEqual(['PID', 'HANDLES', 'FAILED', 'DIRTY']);
      expect(row?.slice(0, 10)).toEqual([
        `${process.pid}`,
        '1',
        '1',
        '4.0 KiB',
        '2.5s',
        '3.0 MiB',
        '2.0 KiB',
        '75%',
        '7',
        '2',
      ]);
      const json = await conveyor(['top', '--once', '--json', '--directory', directory]);
      expect(JSON.parse(json.stdout)).toMatchObject({ pid: process.pid, open: 1, failed: 1, values: { retries: 7 } });
    });
  });

  test('goes on until it is interrupted, with rates', async () => {
    const numbers = { bytesWritten: 0 };
    await withEndpoint(numbers, async (directory) => {
      const { child, ended } = start(['top', '--interval', '200ms', '--directory', directory]);
      let text = '';
      child.stdout?.on('data', (piece) => {
        text += piece;
        numbers.bytesWritten += 10 * 1024 ** 2;
      });
      await eventually(() => /[1-9][\d.]* MiB\/s/.test(text), 'a rate to be shown');
      child.kill('SIGINT');
      expect((await ended).status).toBe(130);
    });
  });

  test('says so when nobody is there', async () => {
    await withTempDir(async (directory) => {
      const { status, stdout } = await conveyor(['top', '--once', '--directory', directory]);
      expect([status, stdout]).toEqual([0, 'no program with an admin endpoint is there\n']);
      expect((await conveyor(['top', '--interval', '1ms'])).status).toBe(2);
    });
  });
});
