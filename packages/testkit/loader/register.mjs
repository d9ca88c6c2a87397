// `node --conditions=@libconveyor/source --import @libconveyor/testkit/register FILE.ts` runs TypeScript sources on a
// Node that cannot do it by itself. Types are removed, not checked.
import { register } from 'node:module';

register('./hooks.mjs', import.meta.url);
