import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text file of the repository. */
export interface SourceFile {
  /** Path from the top folder, with `/`. */
  path: string;
  text: string;
}

/** What was made or fetched, and git's own (a file in a linked work tree). */
const skipped = new Set(['node_modules', 'dist', 'coverage', '.build', '.nx', '.git', '.cache']);

const textNames =
  /(\.(ts|mts|mjs|js|json|md|cpp|hpp|c|h|cc|cmake|in|yml|yaml|txt|sh|toml)|^(CMakeLists\.txt|LICENSE|run|\..+))$/;

/** Every text file below a folder, without what was made or fetched, sorted by path. */
export function readTree(top: string): SourceFile[] {
  return pathsBelow(top, '')
    .filter((path) => textNames.test(nameOf(path)))
    .map((path) => ({ path, text: readFileSync(join(top, path), 'utf8') }));
}

function pathsBelow(top: string, folder: string): string[] {
  const entries = readdirSync(join(top, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (skipped.has(entry.name)) return [];
    if (entry.isDirectory()) return pathsBelow(top, path);
    return entry.isFile() ? [path] : [];
  });
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export const isTypeScript = ({ path }: SourceFile): boolean => /\.(ts|mts|mjs|js)$/.test(path);
export const isCpp = ({ path }: SourceFile): boolean => /\.(cpp|hpp|cc|c|h)$/.test(path);

/** Whether a file is there for testing only: it may be longer, and may use what products may not. */
export function isTest({ path }: SourceFile): boolean {
  return /^\w+\/[^/]+\/(.+\/)?(test|bench)\//.test(path) || /[._]test\.\w+$/.test(path) || /\.config\.ts$/.test(path);
}

/** The line number, from 1, of a character position. */
export function lineAt(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < position; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
