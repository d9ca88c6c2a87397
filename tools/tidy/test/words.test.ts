import { expect, test } from 'vitest';
import { checkWords } from '../src/words.ts';

function lines(path: string, text: string): number[] {
  return checkWords([{ path, text }]).map(({ line }) => line);
}

test('paths of one machine are found in any file', () => {
  for (const folder of ['home', 'Users', 'root', 'work', 'builds']) {
    expect(lines('docs/a.md', `fine\nsee /${folder}/me/conveyor\n`)).toEqual([2]);
  }
  expect(lines('docs/a.md', 'docs/work/journal, https://example.org/home/page, /usr/include, /tmp')).toEqual([]);
});

test('hosts of registries are found in settings and the lockfile', () => {
  expect(lines('.npmrc', 'save-exact=true\nregistry=https://registry.example/\n')).toEqual([2]);
  expect(lines('.npmrc', '@libconveyor:registry=https://registry.example/\n')).toEqual([1]);
  expect(lines('packages/a/package.json', '"publishConfig": {\n"registry": "https://registry.example/"\n}')).toEqual([
    2,
  ]);
  expect(lines('pnpm-lock.yaml', 'resolution: {integrity: sha512-a, tarball: https://registry.example/a.tgz}')).toEqual(
    [1],
  );
  expect(lines('pnpm-lock.yaml', 'deprecated: see https://example.org')).toEqual([]);
});

test('work left over is found in sources', () => {
  expect(lines('packages/a/src/b.ts', '// TODO: the rest\n')).toEqual([1]);
  expect(lines('docs/a.md', 'TODO\n')).toEqual([]);
});

test('sleeping C++ tests are found', () => {
  const text = 'std::this_thread::sleep_for(1ms);\n';
  expect(lines('packages/core/test/a_test.cpp', text)).toEqual([1]);
  expect(lines('packages/core/src/a.cpp', text)).toEqual([]);
});
