import { open } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FileModel, withTempDir } from '../src/index.ts';

type Step = { kind: 'pread' | 'pwrite' | 'append' | 'truncate'; offset: number; length: number; byte: number };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('pread', 'pwrite', 'append', 'truncate'),
  offset: fc.integer({ min: 0, max: 3000 }),
  length: fc.integer({ min: 0, max: 700 }),
  byte: fc.integer({ min: 1, max: 255 }),
});

// The model is judged by the thing it models.
test('behaves as a real file', async () => {
  await withTempDir(async (dir) => {
    const body = async (steps: Step[]) => {
      const real = await open(join(dir, 'file'), 'w+');
      const model = new FileModel();
      try {
        for (const { kind, offset, length, byte } of steps) {
          const data = new Uint8Array(length).fill(byte);
          if (kind === 'pwrite') {
            expect(model.pwrite(data, offset)).toBe((await real.write(data, 0, length, offset)).bytesWritten);
          } else if (kind === 'append') {
            expect(model.append(data)).toBe((await real.write(data, 0, length, (await real.stat()).size)).bytesWritten);
          } else if (kind === 'truncate') {
            model.truncate(offset);
            await real.truncate(offset);
          } else {
            const right = new Uint8Array(length);
            const { bytesRead } = await real.read(right, 0, length, offset);
            expect(model.pread(data, offset)).toBe(bytesRead);
            expect(data.subarray(0, bytesRead)).toEqual(right.subarray(0, bytesRead));
            expect(data.subarray(bytesRead).every((left) => left === byte)).toBe(true);
          }
          expect(model.size).toBe((await real.stat()).size);
        }
        expect(Buffer.compare(model.bytes(), await readAll(real, model.size))).toBe(0);
      } finally {
        await real.close();
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), body), { numRuns: 100 });
  });
});

async function readAll(file: Awaited<ReturnType<typeof open>>, size: number): Promise<Uint8Array> {
  const out = new Uint8Array(size);
  if (size > 0) await file.read(out, 0, size, 0);
  return out;
}

test('refuses what does not fit', () => {
  const model = new FileModel(10);
  const data = new Uint8Array(8);
  const code = (value: string) => expect.objectContaining({ code: value });
  expect(model.pwrite(data, 2)).toBe(8);
  expect(() => model.pwrite(data, 3)).toThrow(code('EFBIG'));
  expect(() => model.append(data)).toThrow(code('EFBIG'));
  expect(() => model.truncate(11)).toThrow(code('EFBIG'));
  expect(() => model.truncate(-1)).toThrow(code('EINVAL'));
  expect(() => model.pread(data, -1)).toThrow(code('EINVAL'));
  expect(() => model.pwrite(data, -1)).toThrow(code('EINVAL'));
  expect(model.bytes()).toEqual(new Uint8Array(10));
});
