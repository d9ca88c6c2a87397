import { layeredStorageContract, storageContract } from '@libconveyor/storage/testing';
import { afterAll, beforeAll, expect } from 'vitest';
import type { IrodsStorageOptions } from '../src/index.ts';
import { home, World } from './world.ts';

const capabilities = {
  randomWrite: true,
  append: 'emulated',
  truncate: true,
  rename: 'emulated',
  atomicReplace: true,
  conditional: 'create',
  serverCopy: false,
  durableSync: false,
  directories: true,
  posix: 'times',
  io: { maxBytes: Number.MAX_SAFE_INTEGER, preferredBytes: 4194304, parallel: 8 },
  changeDetection: 'weak',
} as const;

let newest: World;
let oldest: World;
let count = 0;

beforeAll(async () => {
  newest = await World.start({ version: '5.0.2' });
  oldest = await World.start({ version: '4.2.9' });
});

afterAll(async () => {
  for (const world of [newest, oldest]) {
    const { violations, stats } = world.emulator;
    await world[Symbol.asyncDispose]();
    expect(violations).toEqual([]);
    expect(world.emulator.tokens).toEqual([]);
    expect(stats.descriptorsLeftOpen).toBe(0);
  }
});

async function place(world: World, options: Partial<IrodsStorageOptions> = {}) {
  const storage = await world.connect(options);
  count += 1;
  const base = `${home}/case-${count}`;
  await storage.mkdir(base);
  return { storage, base };
}

layeredStorageContract('irods', () => place(newest), { capabilities });

// Everything shares one connection for descriptors and one for requests.
storageContract('irods on two connections', () => place(newest, { connectionsMax: 2, streamsMax: 1 }), {
  capabilities,
});

storageContract('irods 4.2.9', () => place(oldest), { capabilities });
