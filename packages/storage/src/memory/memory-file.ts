import type { ConveyorError, ErrorDetails } from '@libconveyor/errors';
import { FileAdapter } from '../file-adapter.ts';
import type { FileContext } from '../file-admission.ts';
import type { Attributes, FileStat } from '../file-stat.ts';
import { mapError } from './error-map.ts';
import type { FileNode } from './memory-tree.ts';

/** What open files need of their storage. */
export interface NodeOwner {
  nowMs(): number;
  describe(node: FileNode): FileStat;
  apply(node: FileNode, attributes: Attributes): void;
  /** One opening of the node is gone. */
  letGo(node: FileNode): void;
}

/**
 * An open file of the memory storage. Every method works within one turn of the event loop: none sees half of another.
 */
export class MemoryFile extends FileAdapter {
  readonly #owner: NodeOwner;
  readonly #node: FileNode;

  constructor(context: FileContext, owner: NodeOwner, node: FileNode) {
    super(context);
    this.#owner = owner;
    this.#node = node;
    node.openings++;
  }

  protected override async _read(buffer: Uint8Array, offset: number): Promise<number> {
    return this.#node.bytes.read(buffer, offset);
  }

  protected override async _write(buffer: Uint8Array, offset: number): Promise<void> {
    this.#node.bytes.write(buffer, offset);
    this.#changed();
  }

  protected override async _append(buffer: Uint8Array): Promise<void> {
    this.#node.bytes.write(buffer, this.#node.bytes.size);
    this.#changed();
  }

  protected override async _size(): Promise<number> {
    return this.#node.bytes.size;
  }

  protected override async _stat(): Promise<FileStat> {
    return this.#owner.describe(this.#node);
  }

  protected override async _setAttributes(attributes: Attributes): Promise<void> {
    this.#owner.apply(this.#node, attributes);
  }

  protected override async _truncate(size: number): Promise<void> {
    this.#node.bytes.truncate(size);
    this.#changed();
  }

  protected override async _sync(): Promise<void> {
    // Every write has arrived when it resolves; `durableSync` says that this is all there is.
  }

  protected override async _close(): Promise<void> {
    this.#owner.letGo(this.#node);
  }

  protected override mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return mapError(thrown, details);
  }

  #changed(): void {
    this.#node.version++;
    this.#node.mtimeMs = this.#owner.nowMs();
  }
}
