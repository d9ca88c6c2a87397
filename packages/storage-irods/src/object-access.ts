import { keyword } from '@libconveyor/irods-protocol';
import type { Pool } from './connection/pool.ts';
import type { Patience } from './patience.ts';

/** What open objects share: connections, and how they go about them. */
export interface ObjectAccess {
  readonly pool: Pool;
  readonly patience: Patience;
  /** Connections that one object uses at once. */
  readonly streamsMax: number;
  /** Of single reads and writes: the round trip counts little, and several share a line. */
  readonly pieceBytes: number;
  /** Where new objects go. */
  readonly resource: string | undefined;
  /** The replica that is asked for, where one is. */
  readonly replica: number | undefined;
}

/** Conditions that name a replica. */
export function onReplica(number: number | undefined): Readonly<Record<string, string | undefined>> {
  return { [keyword.replicaNumber]: number === undefined ? undefined : String(number) };
}

/** A range cut into pieces. */
export function* piecesOf(
  buffer: Uint8Array,
  offset: number,
  pieceBytes: number,
): Generator<{ piece: Uint8Array; at: number }> {
  for (let begin = 0; begin < buffer.byteLength; begin += pieceBytes) {
    yield { piece: buffer.subarray(begin, begin + pieceBytes), at: offset + begin };
  }
}

/** Waits for all, then fails as the first one that failed: nobody still uses a buffer then. */
export async function allOf(works: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(works);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
