import { parentPort, workerData } from 'node:worker_threads';
import { open } from '@libconveyor/conveyor';
import { MemoryStorage } from '@libconveyor/storage';
import { descriptorStorage } from './descriptor-storage.ts';
import { Gate } from './gate.ts';

/*
 * What a worker does before it is ended, by name in `workerData.task`. It posts one message when it has come so far.
 */

const { task, folder } = workerData as { task: string; folder: string };
const tiny = { writeCapacityInitial: 4096, writeCapacityMax: 4096, maxDirtyMs: 1 };

const tasks: Readonly<Record<string, () => Promise<unknown>>> = {
  /** Accepted bytes on a descriptor, nothing pending. */
  async accepted() {
    const handle = await open(descriptorStorage(folder), 'file', 'w', { maxDirtyMs: 60_000 });
    return handle.write('accepted before the end');
  },
  /** Operations that wait for a storage in JavaScript, which will never answer. */
  async pending() {
    const gate = new Gate(new MemoryStorage(), ['read', 'write', 'size']);
    const handle = await open(gate.storage, 'file', 'w+', tiny);
    await handle.write(Buffer.alloc(4096));
    const waiting = [handle.write(Buffer.alloc(4096)), handle.read(Buffer.alloc(9), 0, 9, 9000), handle.flush()];
    for (const one of waiting) one.catch(() => undefined);
    await gate.point.awaitArrivals();
  },
  /** A close that waits. */
  async closing() {
    const gate = new Gate(new MemoryStorage(), ['write', 'sync', 'close']);
    const handle = await open(gate.storage, 'file', 'w');
    await handle.write('x');
    handle.close().catch(() => undefined);
    await gate.point.awaitArrivals();
  },
  /** Operations without end on many handles, so that the end comes in the middle of some. */
  async busy() {
    const handles = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        open(descriptorStorage(folder), `busy${i}`, 'w+', { writeCapacityMax: 65_536 }),
      ),
    );
    const run = async (handle: (typeof handles)[number]): Promise<never> => {
      for (let at = 0; ; at = (at + 50_000) % 10_000_000) {
        await Promise.all([
          handle.write(Buffer.alloc(50_000), 0, 50_000, at),
          handle.read(Buffer.alloc(70_000), 0, 70_000, at / 2),
        ]);
      }
    };
    for (const handle of handles) run(handle).catch(() => undefined);
    await handles[0]?.flush();
  },
  /** Ends by itself with a handle open: what was accepted lands. */
  async ending() {
    const handle = await open(new MemoryStorage(), 'file', 'w');
    await handle.write('to memory');
    const other = await open(descriptorStorage(folder), 'file', 'w', { maxDirtyMs: 60_000 });
    await other.write('accepted before the end');
  },
};

await tasks[task]?.();
parentPort?.postMessage('there');
