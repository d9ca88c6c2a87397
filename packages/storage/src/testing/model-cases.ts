import assert from 'node:assert/strict';
import { FileModel, Prng } from '@libconveyor/testkit';
import type { Capabilities } from '../capabilities.ts';
import type { StorageFile } from '../storage.ts';
import { type ContractCase, readAll, requireContent, requireSameBytes, type World } from './contract-case.ts';

/* Random operations against an array of bytes, which says what must come out. */

/** Large enough for several pages of anything, small enough to be overwritten often. */
const fileBytesMax = 300_000;

/** The cases, each for every storage. */
export const modelCases: readonly ContractCase[] = [
  { title: 'random operations one after another agree with an array of bytes', run: agreesInSequence },
  { title: 'random operations on separate ranges at once agree with an array of bytes', run: agreesInParallel },
];

async function agreesInSequence(world: World): Promise<void> {
  const { storage, at, seed } = world;
  const prng = new Prng(seed);
  const model = new FileModel();
  let file = await storage.open(at('file'), 'w+');
  for (let step = 0; step < 300; step++) {
    if (world.capabilities.randomWrite && prng.chance(1, 50)) {
      await file.close();
      file = await storage.open(at('file'), 'r+');
    }
    await explained(`seed ${seed}, step ${step}`, () => takeStep(file, model, prng, world.capabilities));
  }
  requireSameBytes(await readAll(file), model.bytes());
  await file.close();
  await requireContent(storage, at('file'), model.bytes());
}

async function takeStep(file: StorageFile, model: FileModel, prng: Prng, capabilities: Capabilities): Promise<void> {
  const choice = prng.below(10);
  if (choice < 4) {
    const offset = prng.below(fileBytesMax + 1000);
    const actual = new Uint8Array(prng.below(20_000));
    const expected = new Uint8Array(actual.byteLength);
    assert.equal(
      await file.read(actual, offset),
      model.pread(expected, offset),
      `read ${actual.byteLength} at ${offset}`,
    );
    requireSameBytes(actual, expected);
  } else if (choice < 8) {
    const bytes = prng.bytes(prng.below(20_000));
    // A storage without random writes goes on where it ended.
    const offset = capabilities.randomWrite ? prng.below(fileBytesMax - bytes.byteLength) : model.size;
    assert.equal(await file.write(bytes, offset), bytes.byteLength);
    model.pwrite(bytes, offset);
  } else if (choice === 8 && capabilities.truncate && capabilities.randomWrite) {
    const size = prng.below(fileBytesMax);
    await file.truncate(size);
    model.truncate(size);
  } else {
    assert.equal(await file.size(), model.size);
  }
}

async function agreesInParallel(world: World): Promise<void> {
  const { storage, at, seed, capabilities } = world;
  const prng = new Prng(seed + 1);
  const model = new FileModel();
  const file = await storage.open(at('file'), 'w+');
  for (let round = 0; round < 20; round++) {
    const lane = 10_000;
    const base = capabilities.randomWrite ? 0 : model.size;
    const tasks = Array.from({ length: 12 }, (_, index) => {
      const offset = base + index * lane;
      const bytes = prng.bytes(capabilities.randomWrite ? prng.between(1, lane) : lane);
      model.pwrite(bytes, offset);
      return { bytes, offset };
    });
    if (capabilities.randomWrite) prng.shuffle(tasks);
    await Promise.all(tasks.map(({ bytes, offset }) => file.write(bytes, offset)));
    const check = prng.pick(tasks);
    const actual = new Uint8Array(check.bytes.byteLength);
    assert.equal(await file.read(actual, check.offset), actual.byteLength);
    await explained(`seed ${seed}, round ${round}`, async () => requireSameBytes(actual, check.bytes));
  }
  requireSameBytes(await readAll(file), model.bytes());
  await file.close();
  await requireContent(storage, at('file'), model.bytes());
}

/** Says where in a random run something failed. */
async function explained(where: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof Error) thrown.message = `${where}: ${thrown.message}`;
    throw thrown;
  }
}
