/** The bytes of a replica, whatever the catalog says about them. */
export interface PhysicalFile {
  /** Names it in the vault. */
  readonly name: string;
  readonly size: number;
  /** As many bytes as there are from `offset` on, at most `length`. */
  read(offset: number, length: number): Buffer;
  /** Writes all bytes; a gap before them reads as zeros. */
  write(offset: number, bytes: Uint8Array): void;
  truncate(size: number): void;
}

/** Where bytes are kept. Everything happens at once: a server for tests needs no overlap of its disks. */
export interface Vault {
  create(): PhysicalFile;
  /** A file that exists, by its name. */
  open(name: string): PhysicalFile;
  remove(file: PhysicalFile): void;
  close(): void;
}
