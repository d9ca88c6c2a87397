import type { Options } from 'tsup';

/**
 * The build of a package: ES modules and their declarations in `dist/`, one file per entry.
 *
 * @param entry Source files that become entry points, relative to the package (`['src/index.ts']`).
 * @param options What the package needs beyond that; it replaces single settings.
 */
export function library(entry: string[] | Record<string, string>, options: Options = {}): Options {
  return {
    entry,
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    outDir: 'dist',
    clean: true,
    sourcemap: true,
    splitting: true,
    treeshake: true,
    // tsup sets `baseUrl` for its declaration build, which TypeScript 6 calls deprecated.
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
    ...options,
  };
}

/** The build of a program that nobody imports: as {@link library}, without declarations. */
export function program(entry: string[] | Record<string, string>, options: Options = {}): Options {
  return library(entry, { dts: false, ...options });
}
