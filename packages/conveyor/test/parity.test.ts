import { open as openPlain } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from '@libconveyor/conveyor';
import { withTempDir } from '@libconveyor/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makePlace, placeKinds } from './places.ts';

/** What a `FileHandle` of node:fs/promises and a `ConveyorFileHandle` have in common, as far as it is compared here. */
interface Handle {
  read(buffer: Buffer, offset: number, length: number, position: number | null): Promise<{ bytesRead: number }>;
  write(buffer: Buffer, offset: number, length: number, position: number | null): Promise<{ bytesWritten: number }>;
  write(text: string, position: number | null, encoding: BufferEncoding): Promise<{ bytesWritten: number }>;
  readv(buffers: Buffer[], position: number | null): Promise<{ bytesRead: number }>;
  writev(buffers: Buffer[], position: number | null): Promise<{ bytesWritten: number }>;
  readFile(options: { encoding: 'latin1' }): Promise<string>;
  appendFile(data: string | Buffer[], options: { encoding: BufferEncoding }): Promise<void>;
  truncate(size: number): Promise<void>;
  stat(): Promise<{ size: number; isFile(): boolean }>;
  sync(): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** One call, by name and numbers, that can be made on either. */
interface Step {
  readonly name: string;
  run(handle: Handle): Promise<unknown>;
}

const sizeMax = 40_000;
const position = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: sizeMax }));
const size = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 9_000 }));
const filled = (length: number, value: number): Buffer => Buffer.alloc(length, `${value}:`);

const write = fc.record({ length: size, at: position, value: fc.nat(999) }).map(
  ({ length, at, value }): Step => ({
    name: `write ${length} at ${at} of ${value}`,
    run: async (handle) => (await handle.write(filled(length + 3, value), 3, length, at)).bytesWritten,
  }),
);
const writeText = fc.record({ text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), at: position }).map(
  ({ text, at }): Step => ({
    name: `write ${JSON.stringify(text)} at ${at}`,
    run: async (handle) => (await handle.write(text, at, 'utf8')).bytesWritten,
  }),
);
const read = fc.record({ length: size, at: position }).map(
  ({ length, at }): Step => ({
    name: `read ${length} at ${at}`,
    run: async (handle) => {
      const buffer = Buffer.alloc(length + 5, 'x');
      const { bytesRead } = await handle.read(buffer, 2, length, at);
      return [bytesRead, buffer.toString('latin1')];
    },
  }),
);
const readVector = fc.record({ lengths: fc.array(size, { minLength: 1, maxLength: 4 }), at: position }).map(
  ({ lengths, at }): Step => ({
    name: `readv ${lengths} at ${at}`,
    run: async (handle) => {
      const buffers = lengths.map((length) => Buffer.alloc(length, 'x'));
      const { bytesRead } = await handle.readv(buffers, at);
      return [bytesRead, ...buffers.map((buffer) => buffer.toString('latin1'))];
    },
  }),
);
const writeVector = fc.record({ lengths: fc.array(size, { minLength: 1, maxLength: 4 }), at: position }).map(
  ({ lengths, at }): Step => ({
    name: `writev ${lengths} at ${at}`,
    run: async (handle) =>
      (
        await handle.writev(
          lengths.map((length) => filled(length, length)),
          at,
        )
      ).bytesWritten,
  }),
);
const append = size.map(
  (length): Step => ({
    name: `append ${length}`,
    run: async (handle) => (await handle.write(filled(length, length), 0, length, null)).bytesWritten,
  }),
);
const truncate = fc
  .integer({ min: 0, max: sizeMax })
  .map((end): Step => ({ name: `truncate ${end}`, run: (handle) => handle.truncate(end) }));
const others: fc.Arbitrary<Step> = fc.constantFrom(
  { name: 'readFile', run: (handle: Handle) => handle.readFile({ encoding: 'latin1' }) },
  { name: 'appendFile', run: (handle: Handle) => handle.appendFile('some text', { encoding: 'utf16le' }) },
  { name: 'appendFile of parts', run: (handle: Handle) => handle.appendFile([filled(70, 7)], { encoding: 'utf8' }) },
  { name: 'sync', run: (handle: Handle) => handle.sync() },
  { name: 'datasync', run: (handle: Handle) => handle.datasync() },
  { name: 'stat', run: async (handle: Handle) => [(await handle.stat()).size, (await handle.stat()).isFile()] },
);

const reading = fc.oneof(
  read,
  readVector,
  others.filter(({ name }) => !name.startsWith('append')),
);
const writing = fc.oneof(write, writeText, writeVector, truncate);
const stepsFor = {
  r: fc.oneof(reading, write),
  'r+': fc.oneof(reading, writing, others),
  w: fc.oneof(writing, read),
  'w+': fc.oneof(reading, writing, others),
  a: fc.oneof(append, read),
  'a+': fc.oneof(reading, append, others),
} as const;

/** The result of a step, or the code it failed with. */
async function outcomeOf(step: Step, handle: Handle): Promise<unknown> {
  try {
    return { result: await step.run(handle) };
  } catch (thrown) {
    return { code: (thrown as { code?: string }).code };
  }
}

describe.each(placeKinds)('%s', (kind) => {
  test.each(Object.keys(stepsFor) as (keyof typeof stepsFor)[])(
    'C2: any sequence of calls gives what a FileHandle gives (%s)',
    async (flags) => {
      await fc.assert(
        fc.asyncProperty(fc.array(stepsFor[flags], { minLength: 1, maxLength: 25 }), async (steps) => {
          await using place = await makePlace(kind);
          await withTempDir(async (folder) => {
            const plain = join(folder, 'plain');
            const initial = filled(5_000, 1);
            await place.put('file', initial);
            const seed = await openPlain(plain, 'w');
            await seed.writeFile(initial);
            await seed.close();

            const expected = (await openPlain(plain, flags)) as unknown as Handle;
            const actual = (await open(place.storage, 'file', flags, { maxDirtyMs: 1 })) as unknown as Handle;
            for (const step of steps) {
              expect(await outcomeOf(step, actual), step.name).toEqual(await outcomeOf(step, expected));
            }
            await expected.close();
            await actual.close();
            const after = await openPlain(plain);
            expect((await place.get('file')).equals(await after.readFile())).toBe(true);
            await after.close();
          });
        }),
        { numRuns: 40 },
      );
    },
  );
});
