import { createHash } from 'node:crypto';
import { ConveyorError } from '@libconveyor/errors';
import {
  type Call,
  type FaultPlan,
  InterceptedStorage,
  MemoryStorage,
  type Proceed,
  type Storage,
  withFaults,
} from '@libconveyor/storage';
import { Prng, withDeadline } from '@libconveyor/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { type CopySettings, copyFile } from '../src/copy-file.ts';
import { EngineTotals } from '../src/engine-totals.ts';
import { Buffers, pieceBytes } from '../src/pipeline.ts';
import { Place } from '../src/storages.ts';

const size = 3 * pieceBytes + 17;
const content = new Prng(7).bytes(size);

const io = { kind: 'error', code: 'EIO' } as const;

let memory: MemoryStorage;

beforeEach(async () => {
  memory = new MemoryStorage();
  await put('/source', content);
  await put('/target', Buffer.from('old'));
});

async function put(path: string, bytes: Uint8Array): Promise<void> {
  const file = await memory.open(path, 'w');
  await file.write(bytes, 0);
  await file.close();
}

async function get(path: string): Promise<Buffer> {
  const file = await memory.open(path, 'r');
  const bytes = Buffer.alloc(await file.size());
  await file.read(bytes, 0);
  await file.close();
  return bytes;
}

interface Run {
  readonly plan?: FaultPlan;
  readonly checksum?: boolean;
  readonly signal?: AbortSignal;
  readonly storage?: Storage;
  readonly onBytes?: (count: number) => void;
}

function copy({ plan = [], checksum = false, storage = withFaults(memory, plan), ...tools }: Run = {}) {
  const settings: CopySettings = {
    readCapacity: undefined,
    writing: { readCapacityMax: 'off', durability: 'memory' },
    checksum,
  };
  const place = (path: string) => new Place(storage, path, path, false);
  const rest = { settings, buffers: new Buffers(), totals: new EngineTotals(), ...tools };
  return withDeadline(copyFile(place('/source'), place('/target'), rest), 'a copy');
}

/** That a failed copy has changed nothing and left nothing open. */
async function expectUntouched(): Promise<void> {
  expect(String(await get('/target'))).toBe('old');
  const names: string[] = [];
  for await (const { name } of memory.list('/')) names.push(name);
  expect(names.sort()).toEqual(['source', 'target']);
}

describe('copyFile', () => {
  test.each([0, 1, pieceBytes - 1, pieceBytes, pieceBytes + 1, 4 * pieceBytes])('moves %i bytes', async (length) => {
    const bytes = new Prng(length).bytes(length);
    await put('/source', bytes);
    let told = 0;
    const copied = await copy({
      onBytes: (count) => {
        told += count;
      },
    });
    expect(copied).toEqual({ bytes: length, sha256: undefined });
    expect(told).toBe(length);
    expect((await get('/target')).equals(bytes)).toBe(true);
  });

  test('gives the SHA-256 of what it has moved and read back', async () => {
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(await copy({ checksum: true })).toEqual({ bytes: size, sha256 });
  });

  test('finds a bit that is wrong on the way to the destination, before anybody else sees it', async () => {
    const plan: FaultPlan = [{ operation: 'write', path: '/target', nth: 2, fault: { kind: 'flip' } }];
    const failure = { code: 'ERR_CONVEYOR_CHECKSUM', path: '/target' };
    await expect(copy({ plan, checksum: true })).rejects.toMatchObject(failure);
    await expectUntouched();
    await copy({ plan });
    expect((await get('/target')).equals(Buffer.from(content)), 'the fault is one that only --checksum finds').toBe(
      false,
    );
  });

  test.each<[string, FaultPlan[number], object]>([
    ['a read that fails', { operation: 'read', path: '/source', fault: io }, { path: '/source' }],
    ['a write that fails', { operation: 'write', path: '/target', nth: 1, fault: io }, { path: '/target' }],
    ['a write that fails at the end', { operation: 'write', path: '/target', nth: 2, fault: io }, { path: '/target' }],
    ['a stat of the source', { operation: 'stat', path: '/source', nth: 1, fault: io }, { path: '/source' }],
    ['opening the destination', { operation: 'openReplacement', fault: io }, { path: '/target' }],
    ['the attributes', { operation: 'setAttributes', fault: io }, { path: '/target' }],
    ['the commit', { operation: 'commit', fault: io }, { path: '/target' }],
  ])('%s: told with the name it is about, and nothing has changed', async (_name, rule, expected) => {
    await expect(copy({ plan: [rule] })).rejects.toMatchObject({ name: 'Failure', code: 'EIO', ...expected });
    await expectUntouched();
  });

  test('a read that fails in the middle: what was read before never gets the name', async () => {
    const storage = new InterceptedStorage(memory, 'test', {
      around: async ({ operation, offset = 0 }, proceed) => {
        if (operation !== 'read' || offset < pieceBytes) return proceed();
        throw new ConveyorError('EIO', { origin: 'test', operation });
      },
    });
    let told = 0;
    const onBytes = (count: number) => {
      told += count;
    };
    await expect(copy({ storage, onBytes })).rejects.toMatchObject({ code: 'EIO', path: '/source' });
    expect(told).toBeGreaterThan(0);
    await expectUntouched();
  });

  test('a source that ends before its size says so is a failure', async () => {
    const storage = new InterceptedStorage(memory, 'test', {
      around: async <T>({ operation, path, offset = 0, length = 0 }: Call, proceed: Proceed<T>): Promise<T> => {
        if (operation !== 'read' || path !== '/source' || offset + length <= pieceBytes) return proceed();
        return Math.max(0, Math.min(pieceBytes - offset, length)) as T;
      },
    });
    await expect(copy({ storage })).rejects.toMatchObject({ code: 'ESTALE', path: '/source' });
    await expectUntouched();
  });

  test.each([true, false])('closes what it has opened (it succeeds: %j)', async (succeeds) => {
    let open = 0;
    const storage = new InterceptedStorage(memory, 'test', {
      around: async ({ operation, path }, proceed) => {
        if (operation === 'commit' && !succeeds) throw new ConveyorError('EIO', { origin: 'test', operation });
        const result = await proceed();
        if (operation === 'open' || operation === 'openReplacement') open++;
        if (operation === 'close' && path !== undefined) open--;
        if (operation === 'commit') open--;
        return result;
      },
    });
    const outcome = copy({ storage, checksum: true });
    await (succeeds ? outcome : expect(outcome).rejects.toMatchObject({ code: 'EIO' }));
    expect(open).toBe(0);
  });

  test.each([
    ['grows', async (path: string) => put(path, Buffer.concat([content, Buffer.from('x')]))],
    ['shrinks', async (path: string) => put(path, content.subarray(0, size - 1))],
    ['is rewritten', async (path: string) => memory.setAttributes(path, { mtimeMs: 1 })],
  ] as const)('a source that %s meanwhile is a failure', async (_name, change) => {
    let hasChanged: Promise<void> | undefined;
    const onBytes = () => {
      hasChanged ??= change('/source');
    };
    await expect(copy({ onBytes })).rejects.toMatchObject({ code: 'ESTALE', path: '/source' });
    expect(hasChanged).toBeDefined();
    await hasChanged;
    await expectUntouched();
  });

  test.each(['read', 'write'] as const)('ends when it is told to while a %s waits', async (operation) => {
    const faulty = withFaults(memory, [{ operation, times: 1, fault: { kind: 'stall' } }]);
    const controller = new AbortController();
    const copying = copy({ storage: faulty, signal: controller.signal });
    await withDeadline(faulty.faults.awaitStalled(), `a stalled ${operation}`);
    controller.abort();
    faulty.faults.release();
    await expect(copying).rejects.toSatisfy(
      (error) => error.code === 'ECANCELED' || error === controller.signal.reason,
    );
    await expectUntouched();
  });
});
