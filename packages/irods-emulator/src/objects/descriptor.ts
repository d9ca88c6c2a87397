import { openFlags } from '@libconveyor/irods-protocol';
import type { Lock } from '../catalog/access-table.ts';
import type { DataObject, Replica } from '../catalog/entries.ts';
import { IrodsFailure } from '../irods-failure.ts';

/** Numbers below are never given out, numbers above are out of range. */
const firstDescriptor = 3;
const lastDescriptor = 1025;

/** An open data object of a connection. */
export interface Descriptor {
  readonly fd: number;
  readonly object: DataObject;
  readonly replica: Replica;
  /** Of `openFlags`. */
  readonly flags: number;
  /** Undefined for readers. */
  readonly lock: Lock | undefined;
  /** A reader that came in with a token: its end is not noticed by the lock. */
  readonly readsWithToken: boolean;
  /** This open made the replica. */
  readonly created: boolean;
  /** As the catalog had it. */
  readonly sizeAtOpen: number;
  /** Announced with the open; positive ones of creators are checked at the close. */
  readonly announcedSize: number;
  position: number;
  bytesWritten: number;
  /** A close failed: it can be closed by nobody any more. */
  broken: boolean;
}

export function isWriter({ flags }: Descriptor): boolean {
  return (flags & 3) !== openFlags.readOnly;
}

/** What a connection has open. Numbers are reused, the lowest first. */
export class DescriptorTable {
  readonly #open = new Map<number, Descriptor>();
  readonly #max: number;

  /** @param max So many at once, then the agent is out of files. */
  constructor(max: number) {
    this.#max = max;
  }

  get all(): readonly Descriptor[] {
    return [...this.#open.values()];
  }

  /** A number for the next one. Errors: IrodsFailure (-510024, -18000). */
  reserve(): number {
    if (this.#open.size >= this.#max) throw new IrodsFailure(-510_024);
    for (let fd = firstDescriptor; fd <= lastDescriptor; fd++) if (!this.#open.has(fd)) return fd;
    throw new IrodsFailure('SYS_OUT_OF_FILE_DESC');
  }

  add(descriptor: Descriptor): void {
    this.#open.set(descriptor.fd, descriptor);
  }

  free(descriptor: Descriptor): void {
    this.#open.delete(descriptor.fd);
  }

  find(fd: number): Descriptor | undefined {
    return this.#open.get(fd);
  }

  /** For reads, writes and seeks. Errors: IrodsFailure (-19000 out of range, -345000 free). */
  require(fd: number): Descriptor {
    if (!isDescriptorNumber(fd)) throw new IrodsFailure('SYS_FILE_DESC_OUT_OF_RANGE');
    const found = this.#open.get(fd);
    if (found === undefined) throw new IrodsFailure('BAD_INPUT_DESC_INDEX');
    return found;
  }
}

export function isDescriptorNumber(fd: number): boolean {
  return fd >= firstDescriptor && fd <= lastDescriptor;
}
