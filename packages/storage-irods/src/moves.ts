import { randomBytes } from 'node:crypto';
import { removeCollection, rename } from './calls/names.ts';
import { collectionsIn, replicasIn } from './calls/queries.ts';
import type { Connection } from './connection/connection.ts';
import type { Pool } from './connection/pool.ts';
import { Refusal } from './error-map.ts';
import { type Found, findOn, type Namespace } from './namespace.ts';
import { allOf } from './object-access.ts';
import { childOf, type IrodsPath, pathOf } from './paths.ts';

/**
 * Renames as rename(2) would, with what servers have: the parent and the names in the way are looked at first, because
 * a server that stumbles half way may leave its first step in an open transaction.
 */
export async function moveEntry(
  names: Namespace,
  pool: Pool,
  from: IrodsPath,
  to: IrodsPath,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (from.name === '' || to.name === '') throw new Refusal('EBUSY', 'it is the root');
  // Changing both at once, servers rename first, and need the new name to be free in the old collection too.
  const between = childOf(from.parent, to.name);
  const isDetour = from.parent !== to.parent && from.name !== to.name;
  const [source, target, parent, obstacle] = await names.ask(
    (connection) =>
      all([
        findOn(connection, from),
        findOn(connection, to),
        findOn(connection, pathOf(to.parent)),
        isDetour ? findOn(connection, between) : Promise.resolve(undefined),
      ]),
    signal,
  );
  if (source === undefined) throw await names.missing(from, signal);
  if (source.type === 'file' && from.asDirectory) throw new Refusal('ENOTDIR');
  if (from.full === to.full) return;
  requireMovable(source, target, from, to);
  if (parent === undefined) throw await names.missing(to, signal);
  if (parent.type === 'file') throw new Refusal('ENOTDIR', `'${to.parent}' is no collection`);
  await pool.run(async (connection) => {
    if (target?.type === 'directory') await makeRoom(connection, to);
    const overwrites = target?.type === 'file';
    if (obstacle === undefined) return rename(connection, from.full, to.full, overwrites);
    const unique = `.conveyor-${randomBytes(9).toString('base64url')}.tmp`;
    const here = childOf(from.parent, unique).full;
    const there = childOf(to.parent, unique).full;
    await rename(connection, from.full, here, false);
    await rename(connection, here, there, false);
    await rename(connection, there, to.full, overwrites);
  }, signal);
}

function requireMovable(source: Found, target: Found | undefined, from: IrodsPath, to: IrodsPath): void {
  if (source.type === 'directory' && to.full.startsWith(`${from.full}/`)) {
    throw new Refusal('EINVAL', 'a collection cannot go into itself');
  }
  if (source.type === 'file' && target?.type === 'directory') throw new Refusal('EISDIR');
  if (source.type === 'directory' && target?.type === 'file') throw new Refusal('ENOTDIR');
  if (source.type === 'file' && to.asDirectory) throw new Refusal('ENOTDIR');
}

/** Removes a collection in the way. Errors: ENOTEMPTY. */
async function makeRoom(connection: Connection, { full }: IrodsPath): Promise<void> {
  for await (const _ of replicasIn(connection, full)) throw new Refusal('ENOTEMPTY');
  for await (const _ of collectionsIn(connection, full)) throw new Refusal('ENOTEMPTY');
  await removeCollection(connection, full);
}

async function all<Works extends readonly Promise<unknown>[]>(
  works: readonly [...Works],
): Promise<{ -readonly [Index in keyof Works]: Awaited<Works[Index]> }> {
  await allOf(works);
  return (await Promise.all(works)) as never;
}
