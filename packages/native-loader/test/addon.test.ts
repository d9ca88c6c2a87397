import { join } from 'node:path';
import { withTempDir } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { type AddonPlace, loadAddon, platformName, requireFitting } from '../src/index.ts';

const placeIn = (folder: string): AddonPlace => ({
  name: 'thing',
  packageName: '@libconveyor/thing',
  packageFolder: join(folder, 'packages', 'thing'),
  buildFolder: 'thing-addon',
  overrideVariable: 'THING_PATH',
  abi: 3,
});

test('an addon that is nowhere names every place and the command that builds it', async () => {
  await withTempDir(async (folder) => {
    const places = [
      join(folder, 'packages', 'thing', 'prebuilds', platformName(), 'thing.node'),
      join(folder, '.build', 'thing-addon', 'thing.node'),
      join(folder, 'packages', 'thing', 'build', 'thing.node'),
    ];
    let message = '';
    try {
      loadAddon(placeIn(folder), {});
    } catch (thrown) {
      message = (thrown as Error).message;
    }
    for (const place of places) expect(message).toContain(place);
    expect(message).toContain(`cmake -S ${join(folder, 'packages', 'thing', 'native')}`);
    expect(message).toContain('ERR_CONVEYOR_NATIVE_MISSING');
  });
});

test('the override is taken, fit or not', async () => {
  await withTempDir(async (folder) => {
    const absent = join(folder, 'absent.node');
    expect(() => loadAddon(placeIn(folder), { THING_PATH: absent })).toThrow(/absent\.node does not load; THING_PATH/);
  });
});

test('an addon from other sources is refused', () => {
  const binding = { abi: 3 };
  expect(requireFitting(binding, 3, '/an/addon', 'build it')).toBe(binding);
  expect(() => requireFitting(binding, 4, '/an/addon', 'build it')).toThrow(/interface 3, needed is 4/);
});
