/**
 * What a store is doing.
 *
 * - `fetching`: bytes arrive, or are waited for
 * - `unstaged`: there is no room on the disk; reads ask the source, and staging goes on when room appears
 * - `paused`: nobody has it open
 * - `complete`: all is there
 * - `failed`: what has arrived can be read; `retry` goes on
 * - `closed`
 */
export type StagingState = 'fetching' | 'unstaged' | 'paused' | 'complete' | 'failed' | 'closed';

/** How far a store is, at one moment. */
export interface StagingProgress {
  /** Grows with every change; `changed(level)` resolves when it is beyond that. */
  readonly level: number;
  readonly state: StagingState;
  /** Bytes that have arrived, in all places. */
  readonly bytes: number;
  /** undefined until somebody knows. */
  readonly size: number | undefined;
  /** Bytes from the begin on without a gap. */
  readonly front: number;
}
