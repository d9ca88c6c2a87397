import { replicaStatus } from '@libconveyor/irods-protocol';
import type { FileStat } from '@libconveyor/storage';
import type { CollectionRow, ReplicaRow } from './calls/queries.ts';

/** What decides whether an object is still the one that was seen. */
export interface Content {
  readonly dataId: string;
  readonly size: number;
  readonly modifiedS: number;
}

/** The version of a content: a second is all that the catalog tells apart. */
export function versionOf({ dataId, size, modifiedS }: Content): string {
  return `${dataId}.${modifiedS}.${size}`;
}

/** The replica that says what an object is: a good one, else one being written, else a stale one. */
export function representative(replicas: readonly ReplicaRow[]): ReplicaRow | undefined {
  const good = replicas.find(({ status }) => status === replicaStatus.good);
  return good ?? replicas.find(({ status }) => status !== replicaStatus.stale) ?? replicas[0];
}

export function fileStatOf(content: Content): FileStat {
  return {
    type: 'file',
    size: content.size,
    mtimeMs: content.modifiedS * 1000,
    version: versionOf(content),
    identity: content.dataId,
  };
}

export function directoryStatOf({ id, modifiedS }: CollectionRow): FileStat {
  return { type: 'directory', size: 0, mtimeMs: modifiedS * 1000, identity: id };
}
