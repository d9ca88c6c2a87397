import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * The test programs in a build folder, sorted by name.
 *
 * @param {string} build
 * @returns {{tests: string[], stress: string[], canaries: string[]}} Absolute paths: `*_test` without the stress
 *   tests, `*_stress_test`, and `canary_*`.
 */
export function testPrograms(build) {
  const all = programsBelow(build).sort((a, b) => basename(a).localeCompare(basename(b)));
  const named = (pattern) => all.filter((path) => pattern.test(basename(path)));
  return {
    tests: named(/(?<!_stress)_test$/),
    stress: named(/_stress_test$/),
    canaries: named(/^canary_[a-z0-9_]+$/),
  };
}

function programsBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'CMakeFiles' ? [] : programsBelow(path);
    return entry.isFile() && isExecutable(path) ? [path] : [];
  });
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a sanitizer's report says first, by kind of canary. */
const reports = {
  race: /WARNING: ThreadSanitizer: data race/,
  heap: /ERROR: AddressSanitizer:/,
  ub: /runtime error:/,
};

/** The kind in a canary's file name (`canary_<kind>_*`). @param {string} path */
export const canaryKind = (path) => basename(path).split('_')[1];

/**
 * Whether a canary was caught: it ended in failure, with the report that its name promises.
 *
 * @param {string} path
 * @param {{code: number, output: string}} outcome
 */
export function isCaught(path, { code, output }) {
  return code !== 0 && (reports[canaryKind(path)]?.test(output) ?? false);
}
