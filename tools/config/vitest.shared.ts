import { defineConfig, type ViteUserConfig } from 'vitest/config';

/**
 * Settings that every package's tests share; a package merges its own into them with vitest's `mergeConfig`.
 *
 * Internal packages resolve to their sources (`@libconveyor/source`), so that no test reads a stale build. Tests run in
 * child processes: addons and worker threads then start from a clean process per file.
 */
export const shared: ViteUserConfig = defineConfig({
  resolve: { conditions: ['@libconveyor/source'] },
  ssr: { resolve: { conditions: ['@libconveyor/source', 'node', 'development|production'] } },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    passWithNoTests: false,
    allowOnly: false,
  },
});

export default shared;
