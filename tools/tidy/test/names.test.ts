import { expect, test } from 'vitest';
import { checkNames } from '../src/names.ts';

function messages(...paths: string[]): string[] {
  return checkNames(paths.map((path) => ({ path, text: '' }))).map(({ path, message }) => `${path}: ${message}`);
}

test('nouns in the spelling of the language are fine', () => {
  const paths = ['packages/core/src/engine/write_ring.hpp', 'packages/storage/src/memory-storage.ts', 'README.md'];
  expect(messages(...paths, 'packages/storage/test/memory-storage.test.ts', '.gitignore')).toEqual([]);
});

test.each([
  'packages/a/src/utils.ts',
  'packages/a/src/helpers/copy.ts',
  'packages/a/src/types.ts',
  'packages/a/src/common.hpp',
])('%s is a bag', (path) => {
  expect(messages(path)).toEqual([expect.stringContaining('says nothing')]);
});

test('the other spelling is refused', () => {
  expect(messages('packages/a/src/writeRing.ts', 'packages/a/src/write-ring.cpp')).toEqual([
    'packages/a/src/writeRing.ts: TypeScript files are kebab-case',
    'packages/a/src/write-ring.cpp: C++ files are snake_case',
  ]);
});

test('the top level does not grow', () => {
  expect(messages('CRASH_FIX.md', 'scripts/a.sh')).toHaveLength(2);
});
