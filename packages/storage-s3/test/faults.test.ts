import { isConveyorError } from '@libconveyor/errors';
import { withDeadline } from '@libconveyor/testkit';
import { describe, test } from 'vitest';
import type { S3Storage } from '../src/index.ts';
import { nameOf, type Strike, strikes } from './fault-sweep.ts';
import { contentOf, create, isSame, pattern, World } from './world.ts';

/*
 * Every fault of the server at every request of a write and of a read. The requests are those of 64 MiB in parts of
 * 8 MiB; CONVEYOR_SWEEP=full has the bytes of that, too; otherwise each part is smaller.
 */
const isFull = process.env.CONVEYOR_SWEEP === 'full';
const partBytes = isFull ? 8 * 2 ** 20 : 64 * 1024;
const partsCount = 8;
const bytes = pattern(partsCount * partBytes - 1234);
const old = pattern(5000, 7);
const deadlineMs = isFull ? 120_000 : 20_000;
const options = { partBytes, attemptsMax: 4, stallTimeoutMs: isFull ? 3000 : 200 };

/** What a run came to: the bytes it brought, or its error. */
type Outcome = Uint8Array | Error | undefined;

async function attempt(work: () => Promise<Uint8Array | undefined>): Promise<Outcome> {
  try {
    return await work();
  } catch (thrown) {
    return thrown as Error;
  }
}

/** Counts the requests of a run without faults. */
async function countsOf(world: World, work: (storage: S3Storage) => Promise<unknown>): Promise<Record<string, number>> {
  const storage = await world.connect(options);
  world.mock.resetStats();
  await work(storage);
  const { byOperation } = world.mock.stats;
  await storage.close();
  return byOperation as Record<string, number>;
}

/** Runs all strikes, each on a storage of its own; gives what is wrong with any of them. */
async function sweep(
  world: World,
  all: readonly Strike[],
  run: (storage: S3Storage) => Promise<Uint8Array | undefined>,
  complaintAbout: (outcome: Outcome) => Promise<string | undefined>,
): Promise<string[]> {
  const complaints: string[] = [];
  for (const strike of all) {
    const { operation, nth, fault } = strike;
    const storage = await world.connect(options);
    world.mock.faults.setPlan([{ operation, nth, times: 1, fault }]);
    const outcome = await attempt(() => withDeadline(run(storage), nameOf(strike), deadlineMs));
    world.mock.faults.setPlan([]);
    world.mock.faults.release();
    await storage.close().catch(() => undefined);
    const complaint = isClear(outcome) ? await complaintAbout(outcome) : `no clear error: ${String(outcome)}`;
    if (complaint !== undefined) complaints.push(`${nameOf(strike)}: ${complaint}`);
  }
  return complaints;
}

/** Whether something says what went wrong, in the words of the taxonomy. */
function isClear(outcome: Outcome): boolean {
  return !(outcome instanceof Error) || (isConveyorError(outcome) && outcome.code !== 'ERR_CONVEYOR_DEADLINE');
}

async function write(storage: S3Storage): Promise<undefined> {
  const file = await storage.open('/file', 'w');
  try {
    for (let offset = 0; offset < bytes.byteLength; offset += partBytes / 2) {
      await file.write(bytes.subarray(offset, offset + partBytes / 2), offset);
    }
  } finally {
    await file.close();
  }
  return undefined;
}

async function rewrite(storage: S3Storage): Promise<undefined> {
  const file = await storage.open('/file', 'r+');
  try {
    await file.write(bytes.subarray(partBytes + 100, partBytes + 200), partBytes + 100);
    await file.truncate(bytes.byteLength - 10);
    await file.write(bytes.subarray(bytes.byteLength - 10), bytes.byteLength - 10);
  } finally {
    await file.close();
  }
  return undefined;
}

async function read(storage: S3Storage): Promise<Uint8Array> {
  await using file = await storage.open('/file', 'r');
  const found = new Uint8Array(await file.size());
  const offsets = Array.from({ length: partsCount }, (_, index) => index * partBytes);
  const reads = offsets.map((offset) => file.read(found.subarray(offset, offset + partBytes), offset));
  const outcomes = await Promise.allSettled(reads);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return found;
}

/** After a write: the object is the new one or the old one, and `doctor` leaves nothing behind. */
async function complaintAfterWrite(world: World, before: Uint8Array, outcome: Outcome): Promise<string | undefined> {
  const storage = await world.connect(options);
  const there = await contentOf(storage, '/file');
  const isNew = isSame(there, bytes);
  const isOld = isSame(there, before);
  if (!isOld) await create(storage, '/file', before);
  if (outcome === undefined && !isNew) return 'it succeeded, and the bytes are not there';
  if (!isNew && !isOld) return `half an object: ${there?.byteLength} bytes`;
  for await (const orphan of storage.orphans.list('', Number.POSITIVE_INFINITY)) await storage.orphans.remove(orphan);
  for await (const orphan of storage.orphans.list('', Number.POSITIVE_INFINITY)) return `${orphan.id} is left over`;
  await storage.close();
  return undefined;
}

// Each has a server of its own: most of the time is spent waiting for connections that stall.
describe.concurrent('lessons 15, 29, 31, 45: every fault at every request ends in the bytes or a clear error', () => {
  test('a write of a new object', { timeout: 3_600_000 }, async ({ expect }) => {
    await using world = await World.start();
    await create(await world.connect(options), '/file', old);
    const all = strikes(await countsOf(world, write));
    expect(all.length).toBeGreaterThan(150);
    await create(await world.connect(options), '/file', old);
    expect(await sweep(world, all, write, (outcome) => complaintAfterWrite(world, old, outcome))).toEqual([]);
  });

  test('a rewrite of parts of an object', { timeout: 3_600_000 }, async ({ expect }) => {
    await using world = await World.start();
    const before = bytes.slice();
    before.fill(0xee, partBytes + 100, partBytes + 200);
    const prepare = async (): Promise<void> => create(await world.connect(options), '/file', before);
    await prepare();
    const all = strikes(await countsOf(world, rewrite));
    expect(all.length).toBeGreaterThan(100);
    await prepare();
    expect(await sweep(world, all, rewrite, (outcome) => complaintAfterWrite(world, before, outcome))).toEqual([]);
  });

  test('a read', { timeout: 3_600_000 }, async ({ expect }) => {
    await using world = await World.start();
    await create(await world.connect(options), '/file', bytes);
    const all = strikes(await countsOf(world, read));
    expect(all.length).toBeGreaterThan(100);
    const complaint = async (outcome: Outcome): Promise<string | undefined> => {
      return outcome instanceof Error || isSame(outcome, bytes) ? undefined : 'wrong bytes';
    };
    expect(await sweep(world, all, read, complaint)).toEqual([]);
  });
});
