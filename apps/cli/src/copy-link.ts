import { randomBytes } from 'node:crypto';
import { Failure, readFailure, writeFailure } from './failure.ts';
import { quoted } from './quoted.ts';
import type { Place } from './storages.ts';

/**
 * Makes `target` a symbolic link with the content of the link `source`, over whatever file or link is there, in one
 * step.
 *
 * Errors: {@link Failure}.
 */
export async function copyLink(source: Place, target: Place): Promise<void> {
  const content = await source.storage.readLink(source.path).catch((thrown: unknown) => {
    throw readFailure(source, thrown);
  });
  const { storage } = target;
  try {
    const there = await target.find(false);
    if (there === undefined) return await storage.makeLink(content, target.path);
    if (there.type === 'directory') {
      throw new Failure('EISDIR', `cannot write ${quoted(target.shown)}: a directory is there`, target.shown);
    }
    await replaceByLink(content, target);
  } catch (thrown) {
    throw writeFailure(target, thrown);
  }
}

async function replaceByLink(content: string, target: Place): Promise<void> {
  const { storage } = target;
  const hidden = target.parent.child(`.conveyor-${randomBytes(9).toString('base64url')}.tmp`);
  await storage.makeLink(content, hidden.path);
  try {
    await storage.rename(hidden.path, target.path);
  } catch (thrown) {
    await storage.remove(hidden.path);
    throw thrown;
  }
}
