import {
  type ApiName,
  type DataObjCopyInp,
  type DataObjInp,
  type OpenedDataObjInp,
  parseJsonBuffer,
  replicaStatus,
} from '@libconveyor/irods-protocol';
import type { Session } from '../apis/api-call.ts';
import type { EmulatorFault } from '../faults/emulator-fault.ts';
import type { ZoneState } from '../objects/zone-state.ts';

/** The path that a request is about, by itself or by its descriptor. */
export function pathOfRequest(
  name: ApiName,
  input: unknown,
  session: Session,
  { catalog }: ZoneState,
): string | undefined {
  const any = (input ?? {}) as Partial<DataObjInp & OpenedDataObjInp & DataObjCopyInp> & { collName?: string };
  const ofDescriptor = (fd: number | undefined): string | undefined => {
    const descriptor = fd === undefined ? undefined : session.descriptors.find(fd);
    return descriptor === undefined ? undefined : catalog.pathOf(descriptor.object);
  };
  if (any.objPath !== undefined) return any.objPath;
  if (any.collName !== undefined) return any.collName;
  if (any.source !== undefined) return any.source.objPath;
  if (any.l1descInx !== undefined) return ofDescriptor(any.l1descInx);
  if (name !== 'replicaClose' && name !== 'descriptorInfo' && name !== 'touch') return undefined;
  try {
    const { fd, logical_path } = parseJsonBuffer(input as never) as { fd?: number; logical_path?: string };
    return logical_path ?? ofDescriptor(fd);
  } catch {
    return undefined;
  }
}

/** Does to an object what somebody else might, just before a request is executed. */
export function interfere({ kind }: EmulatorFault, path: string | undefined, { catalog, access }: ZoneState): void {
  const object = path === undefined ? undefined : catalog.findObject(path);
  if (object === undefined) return;
  if (kind === 'locked') for (const replica of object.replicas) replica.status = replicaStatus.intermediate;
  if (kind === 'stale') for (const replica of object.replicas) replica.status = replicaStatus.stale;
  const lock = access.find(object);
  if (lock === undefined) return;
  if (kind === 'expire-token') access.remove(lock);
}

/** A copy with one bit in its middle turned round. */
export function corrupted(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = Math.floor(copy.length / 2);
  if (copy.length > 0) copy[middle] = (copy[middle] as number) ^ 1;
  return copy;
}
