import { afterEach, expect, test } from 'vitest';
import { contentOf, create, home, isSame, pattern, World } from './world.ts';

/* What options choose: resources, replicas, tickets, the trash; and what becomes of siblings. */

let world: World | undefined;

afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
});

async function start(...options: Parameters<typeof World.start>): Promise<World> {
  world = await World.start(...options);
  return world;
}

test('new objects go to the resource that is named', async () => {
  const { emulator } = await start({ resources: [{ name: 'demoResc' }, { name: 'other' }] });
  await using storage = await (world as World).connect({ resource: 'other' });
  await create(storage, `${home}/a`, pattern(100));
  expect(emulator.replicas(`${home}/a`)).toMatchObject([{ hierarchy: 'other', status: 1 }]);
});

test('a rewrite on a replicating resource brings all replicas up to date', async () => {
  const { emulator } = await start({
    resources: [
      { name: 'repl', type: 'replication' },
      { name: 'one', parent: 'repl' },
      { name: 'two', parent: 'repl' },
    ],
  });
  await using storage = await (world as World).connect();
  await create(storage, `${home}/a`, pattern(100));
  const file = await storage.open(`${home}/a`, 'r+');
  await file.write(pattern(10, 2), 50);
  await file.close();
  const expected = pattern(100);
  expected.set(pattern(10, 2), 50);
  const replicas = emulator.replicas(`${home}/a`);
  expect(replicas.map(({ status }) => status)).toEqual([1, 1]);
  for (const { bytes } of replicas) expect(isSame(bytes, expected)).toBe(true);
});

test('the replica that is named is read', async () => {
  const { emulator } = await start({ resources: [{ name: 'demoResc' }, { name: 'other' }] });
  emulator.createObject(`${home}/a`, pattern(10), ['demoResc', 'other']);
  await using first = await (world as World).connect({ replica: 1, user: 'alice' });
  expect(isSame(await contentOf(first, `${home}/a`), pattern(10))).toBe(true);
  await using none = await (world as World).connect({ replica: 7 });
  await expect(none.open(`${home}/a`, 'r')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('what is removed may go to the trash', async () => {
  const { emulator } = await start();
  await using storage = await (world as World).connect({ usesTrash: true });
  await create(storage, `${home}/a`, pattern(10));
  await storage.remove(`${home}/a`);
  expect(emulator.replicas(`${home}/a`)).toEqual([]);
  expect(emulator.replicas('/tempZone/trash/home/alice/a')).toHaveLength(1);
});

test('a ticket opens what its bearer may not see otherwise', async () => {
  const path = `${home}/a`;
  const { emulator } = await start({ tickets: [{ ticket: 'open sesame', path, type: 'read' }] });
  await using alice = await (world as World).connect();
  await create(alice, path, pattern(10));
  const bob = { user: 'bob', password: 'hidden' };
  await using without = await (world as World).connect(bob);
  await expect(without.open(path, 'r')).rejects.toMatchObject({ code: 'ENOENT' });
  await using bearer = await (world as World).connect({ ...bob, ticket: 'open sesame' });
  expect(isSame(await contentOf(bearer, path), pattern(10))).toBe(true);
  expect(emulator.violations).toEqual([]);
});

test('a move that changes name and collection does not stumble over its new name in the old collection', async () => {
  await start();
  await using storage = await (world as World).connect();
  await storage.mkdir(`${home}/d`);
  await create(storage, `${home}/a`, pattern(10));
  await create(storage, `${home}/b`, pattern(20));
  await storage.rename(`${home}/a`, `${home}/d/b`);
  expect(isSame(await contentOf(storage, `${home}/d/b`), pattern(10))).toBe(true);
  expect(isSame(await contentOf(storage, `${home}/b`), pattern(20))).toBe(true);
  await expect(storage.rename(`${home}/b`, `${home}/missing/c`)).rejects.toMatchObject({ code: 'ENOENT' });
  expect((await storage.stat(`${home}/b`)).size).toBe(20);
});

test('what is idle too long is not used again, and a server that was restarted is no error', async () => {
  const { emulator } = await start();
  await using storage = await (world as World).connect();
  await storage.stat(home);
  emulator.cutConnections();
  expect((await storage.stat(home)).type).toBe('directory');
});
