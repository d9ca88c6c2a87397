import type { SourceFile } from './tree.ts';

/** A package of the workspace, as far as the rules ask. */
export interface WorkspacePackage {
  /** `packages/core` */
  folder: string;
  /** `@libconveyor/core` */
  name: string;
  /** Keys of `exports`: `.`, `./testing`. */
  entries: string[];
  /** Needed by whoever installs it. */
  dependencies: string[];
  devDependencies: string[];
}

/** The packages whose package.json is among the files. */
export function readPackages(files: readonly SourceFile[]): WorkspacePackage[] {
  return files.flatMap(({ path, text }) => {
    const folder = /^((?:packages|apps|tools)\/[^/]+)\/package\.json$/.exec(path)?.[1];
    if (folder === undefined) return [];
    const manifest = JSON.parse(text);
    const keys = (field: string): string[] => Object.keys(manifest[field] ?? {});
    return {
      folder,
      name: manifest.name,
      entries: keys('exports'),
      dependencies: [...keys('dependencies'), ...keys('peerDependencies'), ...keys('optionalDependencies')],
      devDependencies: keys('devDependencies'),
    };
  });
}

/** The workspace folder that a path lies in (`packages/core`), or undefined at the top level. */
export function folderOf(path: string): string | undefined {
  return /^(?:packages|apps|tools)\/[^/]+(?=\/)/.exec(path)?.[0];
}
