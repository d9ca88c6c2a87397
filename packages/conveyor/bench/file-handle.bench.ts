import { open as openPlain } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from '@libconveyor/conveyor';
import { MemoryStorage } from '@libconveyor/storage';
import { tempDir } from '@libconveyor/testkit';
import { bench, boxplot, do_not_optimize, run, summary } from 'mitata';
import { descriptorStorage } from '../test/descriptor-storage.ts';

/*
 * One awaited operation after the other through an open file, beside fs/promises.FileHandle on the same file system.
 * CONVEYOR_BENCH_DIR says where; the default is TMPDIR. Files are rewound at their end, so that every read finds
 * bytes and no file grows without bound; the time of landing is in the figures, because the ring is far smaller than
 * the file.
 */

/** What both kinds of handle have in common here. */
interface Handle {
  read(buffer: Buffer, offset: number, length: number, position: number | null): Promise<{ bytesRead: number }>;
  write(buffer: Buffer, offset: number, length: number, position: number | null): Promise<{ bytesWritten: number }>;
  close(): Promise<void>;
}

const fileBytes = 64 << 20;
const folder = await tempDir();
const place = process.env.CONVEYOR_BENCH_DIR ?? folder.path;
const storage = descriptorStorage(place);
const seed = await openPlain(join(place, 'bench.bin'), 'w');
await seed.writeFile(Buffer.alloc(fileBytes, 'conveyor'));
await seed.close();

const handles: [string, Handle][] = [
  ['FileHandle', (await openPlain(join(place, 'bench.bin'), 'r+')) as unknown as Handle],
  ['conveyor', await open(storage, 'bench.bin', 'r+', { durability: 'memory' })],
];
const memory = new MemoryStorage();
const inMemory = await open(memory, 'bench.bin', 'w+', { durability: 'memory' });
await inMemory.writeFile(Buffer.alloc(fileBytes, 'conveyor'));
handles.push(['conveyor on a storage in JavaScript', inMemory]);

for (const size of [64, 4096, 65_536]) {
  for (const direction of ['write', 'read'] as const) {
    boxplot(() => {
      summary(() => {
        for (const [name, handle] of handles) {
          const buffer = Buffer.alloc(size, 'x');
          let at = 0;
          bench(`${direction} ${size} B: ${name}`, async () => {
            at = at + size > fileBytes - size ? 0 : at + size;
            do_not_optimize(await handle[direction](buffer, 0, size, at));
          }).baseline(name === 'FileHandle');
        }
      });
    });
  }
}

await run();
for (const [, handle] of handles) await handle.close();
await folder.remove();
