import { isConveyorError } from '@libconveyor/errors';
import type { EmulatorFault, FaultOperation } from '@libconveyor/irods-emulator';
import type { Storage } from '@libconveyor/storage';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { home, isSame, pattern, World } from './world.ts';

/*
 * Every fault at every message of a write, a rewrite, a replacement and a read: exact bytes, or a clear error; never a
 * good replica with wrong bytes; no descriptor and no lock left. CONVEYOR_SWEEP=full takes every message, otherwise the
 * first two and the last one of each kind are taken.
 */

const pieceBytes = 16 * 1024;
const content = pattern(40 * pieceBytes + 17);
const old = pattern(10 * pieceBytes, 7);
const isFull = process.env.CONVEYOR_SWEEP === 'full';
const settings = { pieceBytes, attemptsMax: 5, retryDelayMs: 1 };
const impatient = { ...settings, requestTimeoutMs: 60, slowRequestTimeoutMs: 60 };

const faults: readonly EmulatorFault[] = [
  { kind: 'drop', when: 'before' },
  { kind: 'drop', when: 'request' },
  { kind: 'drop', when: 'after' },
  { kind: 'drop', when: 'reply' },
  { kind: 'silence', when: 'before' },
  { kind: 'silence', when: 'after' },
  { kind: 'error', code: -154_000 },
  { kind: 'error', code: -154_000, when: 'after' },
  { kind: 'short', bytes: 1000 },
  { kind: 'locked' },
  { kind: 'stale' },
  { kind: 'expire-token' },
  { kind: 'full-disk' },
  { kind: 'corrupt' },
];

interface Scenario {
  readonly name: string;
  /** What is there before. */
  readonly before: Uint8Array | undefined;
  /** What may be there in a good replica when it fails, byte by byte. */
  readonly isPossible: (bytes: Uint8Array) => boolean;
  run(storage: Storage, path: string): Promise<void>;
}

async function writeInParallel(storage: Storage, path: string, flags: 'w' | 'r+'): Promise<void> {
  const file = await storage.open(path, flags);
  try {
    const half = 20 * pieceBytes;
    const write = (begin: number, end: number) => file.write(content.subarray(begin, end), begin);
    await Promise.all([write(0, 5 * pieceBytes), write(5 * pieceBytes, half)]);
    await file.sync();
    await Promise.all([write(half, 30 * pieceBytes), write(30 * pieceBytes, content.length)]);
  } finally {
    await file.close();
  }
}

/** Each byte is the new one, the old one, or that of a hole. */
function isMixture(bytes: Uint8Array, before: Uint8Array): boolean {
  return bytes.every((byte, index) => byte === content[index] || byte === (before[index] ?? 0));
}

const scenarios: readonly Scenario[] = [
  {
    name: 'write',
    before: undefined,
    isPossible: (bytes) => isMixture(bytes, new Uint8Array(0)),
    run: (storage, path) => writeInParallel(storage, path, 'w'),
  },
  {
    name: 'rewrite',
    before: old,
    isPossible: (bytes) => isMixture(bytes, old),
    run: (storage, path) => writeInParallel(storage, path, 'r+'),
  },
  {
    name: 'replacement',
    before: old,
    isPossible: (bytes) => isSame(bytes, old) || isSame(bytes, content),
    run: async (storage, path) => {
      const file = await storage.openReplacement(path);
      try {
        await file.write(content.subarray(0, 100), 0);
        await file.write(content.subarray(100), 100);
        await file.commit();
      } finally {
        await file.close();
      }
    },
  },
  {
    name: 'read',
    before: content,
    isPossible: (bytes) => isSame(bytes, content),
    run: async (storage, path) => {
      await using file = await storage.open(path, 'r');
      const bytes = new Uint8Array(content.length);
      const half = 20 * pieceBytes;
      await Promise.all([file.read(bytes.subarray(0, half), 0), file.read(bytes.subarray(half), half)]);
      expect(isSame(bytes, content), 'the bytes that were read').toBe(true);
    },
  },
];

let world: World;
let count = 0;

beforeAll(async () => {
  world = await World.start();
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

async function newPath({ before }: Scenario): Promise<string> {
  count += 1;
  const folder = `${home}/sweep-${count}`;
  await using storage = await world.connect();
  await storage.mkdir(folder);
  if (before !== undefined) {
    // With a checksum in the catalog.
    await using file = await storage.openReplacement(`${folder}/file`);
    await file.write(before, 0);
    await file.commit();
  }
  return `${folder}/file`;
}

/** Whether there is such a fault of such a message. */
function canHave(scenario: Scenario, operation: FaultOperation, { kind, ...rest }: EmulatorFault): boolean {
  const isRead = operation === 'dataObjRead';
  const isWrite = operation === 'dataObjWrite';
  if (kind === 'short') return isRead || isWrite;
  if (kind === 'full-disk') return isWrite;
  // Single writes have no checksum; whole replacements, and objects that have one in the catalog, do.
  if (kind === 'corrupt') return (isWrite && scenario.name === 'replacement') || (isRead && scenario.name === 'read');
  return !(kind === 'drop' && 'when' in rest && rest.when === 'request') || isWrite;
}

/** How often each message comes in a run without faults. */
async function messagesOf(scenario: Scenario, fault: EmulatorFault): Promise<[FaultOperation, number][]> {
  const path = await newPath(scenario);
  const storage = await world.connect(settings);
  world.emulator.resetStats();
  await scenario.run(storage, path);
  const counts = Object.entries(world.emulator.stats.byApi) as [FaultOperation, number][];
  await storage.close();
  return counts.filter(([operation]) => operation !== 'authentication' && canHave(scenario, operation, fault));
}

async function strike(scenario: Scenario, operation: FaultOperation, nth: number, fault: EmulatorFault): Promise<void> {
  const path = await newPath(scenario);
  const storage = await world.connect(fault.kind === 'silence' ? impatient : settings);
  world.emulator.faults.setPlan([{ operation, nth, fault }]);
  let thrown: unknown;
  try {
    await scenario.run(storage, path);
  } catch (error) {
    thrown = error;
  }
  await storage.close().catch(() => undefined);
  world.emulator.faults.setPlan([]);
  world.emulator.faults.release();
  const where = `${scenario.name}, ${operation} ${nth}, ${JSON.stringify(fault)}`;
  if (thrown !== undefined && !isConveyorError(thrown)) throw thrown;
  if (fault.kind === 'drop' || fault.kind === 'short') expect(thrown, `${where}: is survived`).toBeUndefined();
  const nothingLeft = (): void => {
    expect(world.emulator.descriptors, where).toEqual([]);
    expect(world.emulator.tokens, where).toEqual([]);
  };
  await vi.waitFor(nothingLeft, { timeout: 5000, interval: 2 });
  const replicas = world.emulator.replicas(path);
  const good = replicas.find(({ status }) => status === 1);
  if (thrown === undefined && fault.kind !== 'locked' && fault.kind !== 'stale') {
    expect(good !== undefined && isSame(good.bytes, content), `${where}: the bytes after success`).toBe(true);
  }
  if (good !== undefined) {
    expect(good.size, where).toBe(good.bytes.length);
    expect(scenario.isPossible(good.bytes), `${where}: a good replica with wrong bytes; ${String(thrown)}`).toBe(true);
  }
}

describe.each(scenarios)('lesson 14: faults in a $name', (scenario) => {
  test.each(faults)('exact bytes or a clear error: %j', { timeout: 60_000 }, async (fault) => {
    const messages = await messagesOf(scenario, fault);
    for (const [operation, times] of messages) {
      for (let nth = 1; nth <= times; nth++) {
        if (isFull || nth <= 2 || nth === times) await strike(scenario, operation, nth, fault);
      }
    }
  });
});
