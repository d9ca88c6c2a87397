import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

function read(name: string): string {
  return readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), 'utf8');
}

/** Who signed {@link certificate}; for these tests alone. */
export const authority: string = read('authority');
/** Key and certificate of `localhost` and 127.0.0.1. */
export const certificate: { readonly key: string; readonly cert: string } = {
  key: read('server-key'),
  cert: read('server'),
};
/** The file of {@link authority}. */
export const authorityPath: string = fileURLToPath(new URL('certificates/authority.pem', import.meta.url));
