import { readdir } from 'node:fs/promises';
import { ConveyorError } from '@libconveyor/errors';
import { Prng, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { type StagedFile, StagingManager } from '../src/index.ts';
import { diskFull, ScriptedDisk } from './scripted-disk.ts';
import { type Script, ScriptedSource } from './scripted-source.ts';

const kibi = 1024;
const size = 256 * kibi;
const contents = Array.from({ length: 6 }, (_, index) => new Prng(BigInt(100 + index)).bytes(size));

/** Turns of the event loop, as many as the seed says: the way to reach many orders without time. */
async function turns(random: Prng): Promise<void> {
  for (let count = random.below(4); count > 0; count--) await new Promise((resolve) => setImmediate(resolve));
}

/** A source that breaks, stalls for a while, does not listen, has no ranges: as the seed says. */
function randomSource(random: Prng, index: number): ScriptedSource {
  const broken = (): Promise<void> =>
    Promise.reject(new ConveyorError('ECONNRESET', { origin: 'test', operation: 'fetch' }));
  const own = random.fork();
  const beforePiece = (): Promise<void> | undefined => {
    if (own.chance(1, 20)) return broken();
    return own.chance(1, 3) ? turns(own) : undefined;
  };
  const script: Script = {
    name: `source ${index}`,
    key: random.chance(4, 5) ? `${index}` : undefined,
    isRanged: random.chance(3, 4),
    size: random.chance(1, 6) ? 'unknown' : size,
    pieceBytes: 1 + random.below(40 * kibi),
    listens: random.chance(1, 2),
    beforePiece,
    beforeAnswer: () => (own.chance(1, 10) ? broken() : turns(own)),
  };
  return new ScriptedSource(contents[index] as Uint8Array, script);
}

/** Codes with which a read may end here: closed, aborted, a fetch that failed, no room for what has no ranges. */
const expected = ['EBADF', 'ECANCELED', 'ECONNRESET', 'ENOSPC'];

async function read(file: StagedFile, content: Uint8Array, random: Prng): Promise<string> {
  const offset = random.below(size + 100);
  const buffer = Buffer.alloc(1 + random.below(50 * kibi));
  const given = random.chance(1, 5) ? new AbortController() : undefined;
  const reading = file.readAt(buffer, offset, given?.signal);
  if (given !== undefined) void turns(random).then(() => given.abort());
  try {
    const count = await reading;
    const right = content.subarray(offset, offset + buffer.byteLength);
    expect(count).toBe(right.byteLength);
    expect(Buffer.compare(buffer.subarray(0, count), right)).toBe(0);
    return 'read';
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    if (code === undefined || !expected.includes(code)) throw thrown;
    // What ended early touches the buffer no more.
    buffer.fill(7);
    await turns(random);
    expect(buffer.every((byte) => byte === 7)).toBe(true);
    return code;
  }
}

/** One user: opens, reads several ranges at once, tries again, closes while reads are under way. */
async function use(manager: StagingManager, random: Prng, outcomes: Map<string, number>): Promise<void> {
  const index = random.below(contents.length);
  const file = await manager.stage(randomSource(random, index));
  const reads: Promise<void>[] = [];
  for (let count = 1 + random.below(6); count > 0; count--) {
    const reading = read(file, contents[index] as Uint8Array, random.fork());
    reads.push(reading.then((outcome) => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)));
    if (random.chance(1, 4)) file.retry();
    if (random.chance(1, 2)) await turns(random);
  }
  if (random.chance(1, 2)) await Promise.all(reads);
  await file.close();
  await Promise.all(reads);
}

test('T7: reads, closes, evictions, retries, full disks in random orders: right bytes, nothing left', async () => {
  await using dir = await tempDir();
  const outcomes = new Map<string, number>();
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Prng(BigInt(seed));
    const chaos = random.fork();
    const disk = new ScriptedDisk({
      beforeRead: () => (chaos.chance(1, 4) ? turns(chaos) : undefined),
      beforeWrite: () => (chaos.chance(1, 40) ? Promise.reject(diskFull()) : undefined),
    });
    const budget = random.pick([0, size, 2 * size, 3 * size, 20 * size, 100 * size]);
    const options = { dir: dir.path, budget, storesMax: 4, reachBytes: 10 * kibi, rangeBytes: 8 * kibi, backOffMs: 0 };
    const manager = await StagingManager.open({ ...options, attemptsMax: 3 }, disk);
    const users = Array.from({ length: 8 }, async () => {
      const own = random.fork();
      for (let round = 0; round < 4; round++) {
        await use(manager, own, outcomes);
        expect(manager.statistics.bytes).toBeLessThanOrEqual(budget);
      }
    });
    try {
      await withDeadline(Promise.all(users), `the users of seed ${seed}`, 20_000);
      await withDeadline(manager.close(), `the close of seed ${seed}`);
    } catch (thrown) {
      throw new Error(`seed ${seed}: ${String(thrown)}\n${manager.log.describe()}`, { cause: thrown });
    }
    expect(manager.statistics, `seed ${seed}`).toMatchObject({ open: 0, idle: 0, bytes: 0, files: 0 });
    expect(manager.log.describe(), `seed ${seed}`).toBe('nobody is inside');
    expect(disk, `seed ${seed}`).toMatchObject({ closed: disk.opened, usedAfterClose: 0 });
    expect(disk.filesMax, `seed ${seed}`).toBeLessThanOrEqual(4);
    expect((await readdir(dir.path)).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  }
  // Every kind of end was met, else this has tested less than it says.
  expect([...outcomes.keys()].sort()).toEqual(['read', ...expected].sort());
}, 120_000);
