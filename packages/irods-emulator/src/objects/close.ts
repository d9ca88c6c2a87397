import { openFlags, replicaStatus } from '@libconveyor/irods-protocol';
import type { Replica } from '../catalog/entries.ts';
import { hierarchyOf } from '../catalog/resources.ts';
import { IrodsFailure } from '../irods-failure.ts';
import { checksumOf } from './checksums.ts';
import { type Descriptor, isWriter } from './descriptor.ts';
import type { ZoneState } from './zone-state.ts';

/** How a replica is closed, as REPLICA_CLOSE says it. */
export interface ReplicaCloseFlags {
  readonly updateSize: boolean;
  readonly updateStatus: boolean;
  readonly computeChecksum: boolean;
}

/**
 * DATA_OBJ_CLOSE: the descriptor is free in any case, and what it had open is finished.
 *
 * @returns 0, or the size when it is not the one that its creator announced: the replica is stale then.
 */
export function closeObject(zone: ZoneState, agentId: number, descriptor: Descriptor): number {
  if (!isWriter(descriptor)) return 0;
  requireReachable(zone, agentId, descriptor);
  const { replica, created, announcedSize, object } = descriptor;
  const isMismatch = created && announcedSize > 0 && announcedSize !== replica.file.size;
  const hasChanged = finalize(zone, descriptor);
  if (isMismatch) replica.status = replicaStatus.stale;
  else resynchronise(zone, descriptor, hasChanged);
  leave(zone, agentId, descriptor);
  zone.catalog.keeper.save(object);
  return isMismatch ? replica.size : 0;
}

/** REPLICA_CLOSE of a writer. With neither flag the descriptor just goes, whatever state the object is left in. */
export function closeReplica(zone: ZoneState, agentId: number, descriptor: Descriptor, flags: ReplicaCloseFlags): void {
  if (!isWriter(descriptor)) return;
  requireReachable(zone, agentId, descriptor);
  if (flags.updateStatus && flags.updateSize) {
    const { object, replica } = descriptor;
    finalize(zone, descriptor);
    for (const other of object.replicas) if (other !== replica) other.status = replicaStatus.stale;
    if (flags.computeChecksum) replica.checksum = checksumOf(replica, zone.hashScheme);
  }
  leave(zone, agentId, descriptor);
  zone.catalog.keeper.save(descriptor.object);
}

/** What becomes of a descriptor whose connection is gone. */
export function abandon(zone: ZoneState, agentId: number, descriptor: Descriptor): void {
  const { object, replica, lock } = descriptor;
  if (!isWriter(descriptor)) return;
  restoreSiblings(descriptor);
  replica.status = replicaStatus.stale;
  replica.size = replica.file.size;
  replica.checksum = '';
  touch(zone, descriptor);
  if (lock !== undefined) leave(zone, agentId, descriptor);
  zone.catalog.keeper.save(object);
}

/** Size, state and time of the replica; siblings become stale. Nothing of it when nothing was changed. */
function finalize(zone: ZoneState, descriptor: Descriptor): boolean {
  const { object, replica, bytesWritten, created, flags, lock } = descriptor;
  const isTruncated = (flags & openFlags.truncate) !== 0;
  if (bytesWritten === 0 && !created && !isTruncated && replica.file.size === replica.size) {
    restoreSiblings(descriptor);
    replica.status = lock?.before.get(replica) ?? replicaStatus.good;
    return false;
  }
  replica.size = replica.file.size;
  replica.status = replicaStatus.good;
  replica.checksum = '';
  for (const other of object.replicas) if (other !== replica) other.status = replicaStatus.stale;
  touch(zone, descriptor);
  return true;
}

function restoreSiblings({ object, replica, lock }: Descriptor): void {
  for (const other of object.replicas) {
    if (other !== replica) other.status = lock?.before.get(other) ?? other.status;
  }
}

/** Copies the bytes to the other children of a replication resource. */
function resynchronise(zone: ZoneState, { object, replica }: Descriptor, hasChanged: boolean): void {
  const root = zone.resources.rootOf(replica.hierarchy);
  if (root.type !== 'replication' || !hasChanged) return;
  for (const leaf of zone.resources.leavesOf(root)) {
    const hierarchy = hierarchyOf(leaf);
    if (hierarchy === replica.hierarchy || !zone.resources.isUp(hierarchy)) continue;
    const sibling =
      object.replicas.find((one) => one.hierarchy === hierarchy) ??
      zone.catalog.makeReplica(object, hierarchy, replica.mode);
    copyReplica(replica, sibling, zone.catalog.nowS());
  }
}

/** Makes a replica the same as another one. */
export function copyReplica(source: Replica, target: Replica, nowS: number): void {
  target.file.truncate(0);
  const pieceLength = 4 * 1024 ** 2;
  for (let at = 0; at < source.file.size; at += pieceLength) target.file.write(at, source.file.read(at, pieceLength));
  target.size = source.size;
  target.checksum = source.checksum;
  target.status = replicaStatus.good;
  target.modifiedS = nowS;
}

function touch({ catalog }: ZoneState, { object, replica }: Descriptor): void {
  replica.modifiedS = catalog.nowS();
  object.modifiedS = replica.modifiedS;
}

function leave(zone: ZoneState, agentId: number, { lock }: Descriptor): void {
  if (lock !== undefined) zone.access.leave(lock, agentId);
}

/** Whoever renamed the object without a look at its lock moved the file away: the close fails, the bytes are lost. */
function requireReachable(zone: ZoneState, agentId: number, descriptor: Descriptor): void {
  const { object, replica } = descriptor;
  if (!zone.access.takeMovedAway(object)) return;
  replica.status = replicaStatus.stale;
  replica.file.truncate(0);
  replica.size = 0;
  leave(zone, agentId, descriptor);
  throw new IrodsFailure(-516_002);
}
