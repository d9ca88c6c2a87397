import { rename } from './calls/names.ts';
import { hasCode } from './connection/failure.ts';
import { Refusal } from './error-map.ts';
import type { Namespace } from './namespace.ts';
import type { ObjectAccess } from './object-access.ts';
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
 * renames, in one request. Whatever is lost on the way, what became of it is looked up, and tried again where the
 * object still has its old name.
 *
 * Errors: EEXIST; what the server says. The name is as it was then, and the object is where it was.
 */
export async function publishObject(
  names: Namespace,
  { pool, patience }: ObjectAccess,
  { dataId }: Publishable,
  hidden: IrodsPath,
  place: IrodsPath,
  { exclusive }: PublicationSettings,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isAt = async (path: IrodsPath): Promise<boolean> => {
    const found = await names.find(path);
    return found?.type === 'file' && found.replicas.some((replica) => replica.dataId === dataId);
  };
  let isStillHidden = true;
  await patience.run(
    async () => {
      try {
        await pool.run((connection) => rename(connection, hidden.full, place.full, !exclusive), signal);
      } catch (thrown) {
        if (hasCode(thrown, -834_000, -809_000)) throw new Refusal('EEXIST', undefined, thrown);
        if (hasCode(thrown, -833_000)) throw new Refusal(exclusive ? 'EEXIST' : 'EISDIR', undefined, thrown);
        if (!isLost(thrown)) throw thrown;
        if (await isAt(place)) return;
        isStillHidden = await isAt(hidden);
        throw thrown;
      }
    },
    (thrown) => isLost(thrown) && isStillHidden,
    signal,
  );
}
