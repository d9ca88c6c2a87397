import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { PhysicalFile, Vault } from './vault.ts';

/** So many files are kept open. */
const openFilesMax = 64;

class DiskFile implements PhysicalFile {
  readonly name: string;
  readonly #vault: DiskVault;

  constructor(name: string, vault: DiskVault) {
    this.name = name;
    this.#vault = vault;
  }

  get size(): number {
    return fstatSync(this.#vault.descriptor(this.name)).size;
  }

  read(offset: number, length: number): Buffer {
    const fd = this.#vault.descriptor(this.name);
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, fstatSync(fd).size - offset)));
    let count = 0;
    while (count < buffer.length) {
      const more = readSync(fd, buffer, count, buffer.length - count, offset + count);
      if (more === 0) break;
      count += more;
    }
    return buffer.subarray(0, count);
  }

  write(offset: number, bytes: Uint8Array): void {
    const fd = this.#vault.descriptor(this.name);
    for (let count = 0; count < bytes.length; ) {
      count += writeSync(fd, bytes, count, bytes.length - count, offset + count);
    }
  }

  truncate(size: number): void {
    ftruncateSync(this.#vault.descriptor(this.name), size);
  }
}

/** Keeps each replica as a file in a folder. */
export class DiskVault implements Vault {
  readonly #folder: string;
  /** Open descriptors by name, the one used last at the end. */
  readonly #open = new Map<string, number>();
  #count: number;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#count = Math.max(0, ...readdirSync(folder).map(Number).filter(Number.isSafeInteger));
  }

  create(): PhysicalFile {
    this.#count += 1;
    const name = String(this.#count);
    closeSync(openSync(join(this.#folder, name), 'wx+'));
    return new DiskFile(name, this);
  }

  open(name: string): PhysicalFile {
    return new DiskFile(name, this);
  }

  remove({ name }: PhysicalFile): void {
    this.#closeOne(name);
    rmSync(join(this.#folder, name), { force: true });
  }

  close(): void {
    for (const name of [...this.#open.keys()]) this.#closeOne(name);
  }

  /** For its files. */
  descriptor(name: string): number {
    const known = this.#open.get(name);
    if (known !== undefined) this.#open.delete(name);
    const fd = known ?? openSync(join(this.#folder, name), 'r+');
    this.#open.set(name, fd);
    if (this.#open.size > openFilesMax) this.#closeOne(this.#open.keys().next().value as string);
    return fd;
  }

  #closeOne(name: string): void {
    const fd = this.#open.get(name);
    if (fd === undefined) return;
    this.#open.delete(name);
    closeSync(fd);
  }
}
