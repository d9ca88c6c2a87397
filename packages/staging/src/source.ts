/** Bytes from `begin` to `end`, exclusive; without `end` they go on until the source ends. */
export interface SourceRange {
  readonly begin: number;
  readonly end?: number | undefined;
}

/** What a source answers to a request: where its bytes lie, and the bytes. */
export interface SourceAnswer {
  /** Offset of the body's first byte. What was asked for, or 0 from a source that knows no ranges. */
  readonly begin: number;
  /** Where the body is announced to end; undefined when nobody knows. It may end before what was asked for. */
  readonly end?: number | undefined;
  /** Length of the whole source as announced; undefined when nobody knows. */
  readonly size?: number | undefined;
  /** Whether bytes from any offset on can be asked for. */
  readonly isRanged: boolean;
  /** The bytes, in pieces of any length. A piece belongs to whoever takes it. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Something that is fetched slowly. It owns nothing before the first `open`, so that one that is not needed can be
 * forgotten.
 *
 * A source promises that all its answers are parts of one and the same content; when it notices that they are not, it
 * fails with ESTALE. Errors: whatever it throws becomes the cause of what readers get; `kind` and `retry` of a
 * ConveyorError decide whether the fetch is tried again.
 * Threads: one JavaScript thread; several requests at once.
 */
export interface Source {
  /** For messages: a URL, a path. */
  readonly name: string;
  /** Sources with the same key hold the same bytes and share one store of a manager; undefined: never shared. */
  readonly key?: string | undefined;
  /**
   * Begins to deliver a range. The signal asks to stop, at any time, also while the body is read; a source that does
   * not listen is left alone: nobody waits for it.
   */
  open(range: SourceRange, signal: AbortSignal): Promise<SourceAnswer>;
  /**
   * Whether what this source has delivered is still what it would deliver now. Asked before a store that nobody has
   * open is given to somebody again; without it, a key stands for the same bytes for ever.
   */
  isCurrent?(signal: AbortSignal): Promise<boolean>;
  /**
   * Frees what the source holds, once nobody reads it any more: it is complete, or its store is closed. It may be
   * opened again after that where a key is given. Nobody waits longer than `closeTimeoutMs` for it.
   */
  close?(): Promise<void>;
}
