import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withTempDir } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { diskPlace, memoryPlace, PlaceError, withScratch } from '../src/place.ts';

test('a directory is used with its file system, or refused with the reason', async () => {
  await withTempDir(async (directory) => {
    const place = await diskPlace(directory, 1);
    expect(place).toMatchObject({ name: 'disk', directory });
    expect(place.fileSystem).toMatch(/^\w+$/);
    await writeFile(join(directory, 'file'), '');
    const missing = diskPlace(join(directory, 'none'), 1);
    await expect(missing).rejects.toThrow(new PlaceError(`${directory}/none cannot be used: it does not exist`));
    await expect(diskPlace(join(directory, 'file'), 1)).rejects.toThrow('is not a directory');
    await expect(diskPlace(directory, 2 ** 60)).rejects.toThrow(/has .* left, 1073741824 GiB are needed/);
  });
});

test('without a name, some directory for temporary files is found', async () => {
  expect((await diskPlace(undefined, 1)).directory).toMatch(/^\//);
  await expect(diskPlace(undefined, 2 ** 60)).rejects.toThrow('name one with --dir');
});

test('memory that is not there is left out with the reason', async () => {
  await withTempDir(async (directory) => {
    expect(await memoryPlace(1, directory)).toMatchObject({ name: 'memory', directory });
    const missing = await memoryPlace(1, join(directory, 'none'));
    expect(missing).toEqual({ name: 'memory', reason: `${directory}/none cannot be used: it does not exist` });
    expect(await memoryPlace(2 ** 60, directory)).toHaveProperty('reason');
  });
});

test('scratch directories go away, whatever happened in them', async () => {
  await withTempDir(async (directory) => {
    const place = { name: 'disk', directory, fileSystem: 'any' } as const;
    const failing = withScratch(place, async (scratch) => {
      await writeFile(join(scratch, 'file'), 'x');
      await chmod(join(scratch, 'file'), 0);
      throw new Error('in the middle');
    });
    await expect(failing).rejects.toThrow('in the middle');
    expect(await readdir(directory)).toEqual([]);
  });
});
