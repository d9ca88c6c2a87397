import { jsonBuffer, keyValuesOf, keyword, operationType } from '@libconveyor/irods-protocol';
import type { Connection } from '../connection/connection.ts';
import { aboutPath } from './requests.ts';

/** Removes a data object: for ever, or into the trash. */
export async function unlink(connection: Connection, path: string, toTrash: boolean): Promise<void> {
  await connection.call('dataObjUnlink', aboutPath(path, { [keyword.force]: toTrash ? undefined : '' }));
}

/** Removes a collection that nothing is in. */
export async function removeCollection(connection: Connection, collName: string): Promise<void> {
  await connection.call('removeCollection', { collName, flags: 0, oprType: 0, keyValues: [] });
}

export async function createCollection(connection: Connection, collName: string, recursive: boolean): Promise<void> {
  const keyValues = keyValuesOf({ [keyword.recursive]: recursive ? '' : undefined });
  await connection.call('createCollection', { collName, flags: 0, oprType: 0, keyValues });
}

/**
 * Renames a data object or a collection. A failed one may have done its first step in a transaction that the next
 * request would commit: the connection is given up then.
 *
 * @param overwrites A data object in the way is removed first.
 */
export async function rename(connection: Connection, from: string, to: string, overwrites: boolean): Promise<void> {
  const { rename: oprType } = operationType;
  try {
    await connection.call('dataObjRename', {
      source: aboutPath(from, {}, { oprType }),
      destination: aboutPath(to, { [keyword.force]: overwrites ? '' : undefined }, { oprType }),
    });
  } catch (thrown) {
    connection.drop('a rename has failed');
    throw thrown;
  }
}

/** Sets the time of change, whole seconds since 1970. */
export async function touch(connection: Connection, path: string, seconds: number): Promise<void> {
  const options = { no_create: true, seconds_since_epoch: seconds };
  await connection.call('touch', jsonBuffer({ logical_path: path, options }));
}

/** Cuts or extends a replica that nobody writes. */
export async function truncate(connection: Connection, path: string, size: number, replica: number): Promise<void> {
  if (connection.has('replicaTruncate')) {
    const conditions = { [keyword.replicaNumber]: String(replica) };
    await connection.call('replicaTruncate', aboutPath(path, conditions, { dataSize: size }));
  } else {
    await connection.call('dataObjTruncate', aboutPath(path, {}, { dataSize: size }));
  }
}

/** The checksum that the server computes now from the bytes of a replica, as the catalog's text. */
export async function checksum(connection: Connection, path: string, replica: number): Promise<string> {
  const conditions = { [keyword.forceChecksum]: '', [keyword.replicaNumber]: String(replica) };
  const { output } = await connection.call('dataObjChecksum', aboutPath(path, conditions), { isSlow: true });
  return output?.myStr ?? '';
}
