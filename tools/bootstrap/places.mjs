import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's top folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Where everything that is built or fetched for the repository as a whole lives; git ignores it. */
export const buildRoot = join(root, '.build');
