import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildRoot, root } from './places.mjs';

/** Folders that hold what was made from the sources, never sources. */
const made = new Set(['node_modules', 'dist', 'coverage']);

/** The folders of the workspace's packages, relative to the top, in a fixed order. */
export function packageFolders() {
  return ['packages', 'apps', 'tools'].flatMap((group) => {
    if (!existsSync(join(root, group))) return [];
    const names = readdirSync(join(root, group)).sort();
    return names.map((name) => join(group, name)).filter((folder) => existsSync(join(root, folder, 'package.json')));
  });
}

/** A digest of what decides the contents of `node_modules`. */
export function installFingerprint() {
  const digest = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  const top = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc'];
  for (const path of [...top, ...packageFolders().map((folder) => join(folder, 'package.json'))]) {
    digest
      .update(`${path}\n`)
      .update(readFileSync(join(root, path)))
      .update('\n');
  }
  return digest.digest('hex');
}

/** A digest of names, sizes and times of everything that a build reads. */
export function sourceFingerprint() {
  const digest = createHash('sha256').update(`${process.version} ${installFingerprint()}\n`);
  for (const folder of ['packages', 'apps', 'tools']) addTree(digest, join(root, folder));
  return digest.digest('hex');
}

function addTree(digest, folder) {
  if (!existsSync(folder)) return;
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (made.has(entry.name) || entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      addTree(digest, path);
    } else if (entry.isFile()) {
      const { size, mtimeMs } = statSync(path);
      digest.update(`${path} ${size} ${mtimeMs}\n`);
    }
  }
}

/**
 * Remembers a fingerprint under a name, so that work is done once per state of its inputs.
 *
 * @param {string} path The file that holds it.
 */
export function stampAt(path) {
  return {
    matches: (fingerprint) => existsSync(path) && readFileSync(path, 'utf8') === fingerprint,
    write(fingerprint) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, fingerprint);
    },
    clear: () => rmSync(path, { force: true }),
  };
}

/** A stamp in the build folder. */
export const buildStamp = (name) => stampAt(join(buildRoot, 'stamps', name));
