import { rename } from './calls/names.ts';
import { hasCode } from './connection/failure.ts';
import type { Pool } from './connection/pool.ts';
import { Refusal } from './error-map.ts';
import type { Namespace } from './namespace.ts';
import type { IrodsPath } from './paths.ts';
import { isLost } from './patience.ts';

/** An object that takes a name. */
interface Publishable {
  readonly dataId: string;
}

/** How it takes it. */
interface PublicationSettings {
  /** Nothing may have the name. */
  readonly exclusive: boolean;
}

/**
 * Gives an object that is whole and closed the name that it was made for. The server removes what has the name and
 * renames, in one request. Whatever is lost on the way, what became of it is looked up.
 *
 * Errors: EEXIST; what the server says. The name is as it was then, and the object is where it was.
 */
export async function publishObject(
  names: Namespace,
  pool: Pool,
  { dataId }: Publishable,
  hidden: IrodsPath,
  place: IrodsPath,
  { exclusive }: PublicationSettings,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await pool.run((connection) => rename(connection, hidden.full, place.full, !exclusive), signal);
  } catch (thrown) {
    if (hasCode(thrown, -834_000, -809_000)) throw new Refusal('EEXIST', undefined, thrown);
    if (hasCode(thrown, -833_000)) throw new Refusal(exclusive ? 'EEXIST' : 'EISDIR', undefined, thrown);
    if (!isLost(thrown)) throw thrown;
    const found = await names.find(place);
    const isThere = found?.type === 'file' && found.replicas.some((replica) => replica.dataId === dataId);
    if (!isThere) throw thrown;
  }
}
