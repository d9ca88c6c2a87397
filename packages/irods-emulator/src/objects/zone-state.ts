import type { ServerVersion } from '@libconveyor/irods-protocol';
import type { AccessTable } from '../catalog/access-table.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { DataObject } from '../catalog/entries.ts';
import type { TicketStore } from '../catalog/permissions.ts';
import type { Resources } from '../catalog/resources.ts';
import type { UserStore } from '../catalog/users.ts';
import { IrodsFailure } from '../irods-failure.ts';

/** Everything that the connections of a server share. */
export interface ZoneState {
  readonly catalog: Catalog;
  readonly resources: Resources;
  readonly access: AccessTable;
  readonly users: UserStore;
  readonly tickets: TicketStore;
  readonly version: ServerVersion;
  readonly hashScheme: 'sha2' | 'md5';
  /** Bytes of all replicas together, beyond which nothing can be created. */
  quotaBytes: number | undefined;
  /** Bytes that fit on the disk. */
  capacityBytes: number | undefined;
  /** A random token. */
  readonly newToken: () => string;
}

/** Whether a replica of an object is being written, or was left so. */
export function isLocked({ replicas }: DataObject): boolean {
  return replicas.some(({ status }) => status >= 2);
}

/** Requires room for so many bytes more. Errors: IrodsFailure (-513028). */
export function requireRoom({ catalog, capacityBytes }: ZoneState, more: number): void {
  if (capacityBytes !== undefined && more > 0 && catalog.usedBytes + more > capacityBytes)
    throw new IrodsFailure(-513_028);
}
