import { describe, expect, test } from 'vitest';
import { checkImports } from '../src/imports.ts';
import type { SourceFile } from '../src/tree.ts';

function manifest(folder: string, fields: Record<string, unknown> = {}): SourceFile {
  const name = `@libconveyor/${folder.split('/')[1]}`;
  const exports = { '.': './src/index.ts', './testing': './src/testing.ts' };
  return { path: `${folder}/package.json`, text: JSON.stringify({ name, exports, ...fields }) };
}

/** What the rule says about one import in one file, in a small workspace. */
function messages(path: string, specifier: string, fields?: Record<string, unknown>): string[] {
  const folder = path.split('/').slice(0, 2).join('/');
  const others = ['packages/errors', 'packages/testkit', 'packages/storage', 'packages/storage-fs', 'packages/s3-mock'];
  const all = [...others, 'packages/conveyor', 'apps/cli', 'apps/bench'].filter((name) => name !== folder);
  const workspace = [...all.map((name) => manifest(name)), manifest(folder, fields)];
  const text = `// a comment\nimport { a } from '${specifier}';\n`;
  return checkImports([...workspace, { path, text }]).map(({ line, message }) => `${line}: ${message}`);
}

const needs = (...names: string[]): Record<string, unknown> => ({
  dependencies: Object.fromEntries(names.map((name) => [`@libconveyor/${name}`, 'workspace:*'])),
});

describe('layers', () => {
  test('an adapter imports the contract', () => {
    expect(messages('packages/storage-fs/src/index.ts', '@libconveyor/storage', needs('storage'))).toEqual([]);
  });

  test('the contract does not import an adapter', () => {
    const found = messages('packages/storage/src/index.ts', '@libconveyor/storage-fs', needs('storage-fs'));
    expect(found).toEqual([expect.stringMatching(/^2: L1 packages\/storage may import /)]);
  });

  test('adapters do not import each other', () => {
    const found = messages('packages/storage-s3/src/index.ts', '@libconveyor/storage-fs', needs('storage-fs'));
    expect(found).toHaveLength(1);
  });

  test('only the tests of an adapter use the mock server', () => {
    const fields = needs('s3-mock');
    expect(messages('packages/storage-s3/test/a.test.ts', '@libconveyor/s3-mock', fields)).toEqual([]);
    expect(messages('packages/storage-s3/src/index.ts', '@libconveyor/s3-mock', fields)).toHaveLength(1);
  });

  test('nobody imports an app', () => {
    const found = messages('apps/bench/src/index.ts', '@libconveyor/cli', needs('cli'));
    expect(found).toEqual(['2: nothing imports an app']);
  });

  test('a package without a place in the table is told so', () => {
    const found = messages('packages/novel/src/index.ts', '@libconveyor/errors', needs('errors'));
    expect(found).toEqual([expect.stringContaining('no place in the layers')]);
  });
});

describe('entry points', () => {
  test('a named entry point is allowed', () => {
    expect(messages('packages/storage-fs/src/a.ts', '@libconveyor/storage/testing', needs('storage'))).toEqual([]);
  });

  test('a file inside of a package is not', () => {
    const found = messages('packages/storage-fs/src/a.ts', '@libconveyor/storage/src/memory.ts', needs('storage'));
    expect(found).toEqual([expect.stringContaining('no entry point')]);
  });

  test('a relative import stays inside', () => {
    expect(messages('packages/storage-fs/src/a.ts', './b.ts')).toEqual([]);
    expect(messages('packages/storage-fs/src/a.ts', '../../storage/src/index.ts')).toHaveLength(1);
    expect(messages('packages/storage-fs/vitest.config.ts', '../../tools/config/vitest.shared.ts')).toEqual([]);
  });

  test('dynamic imports are seen', () => {
    const file = { path: 'packages/errors/src/a.ts', text: "const b = await import('../../testkit/src/index.ts');" };
    expect(checkImports([file])).toHaveLength(1);
  });
});

describe('manifests', () => {
  test('an import that the manifest does not name', () => {
    const found = messages('packages/storage/src/a.ts', '@libconveyor/errors');
    expect(found).toEqual([expect.stringContaining('not in the dependencies')]);
  });

  test('a development dependency is for tests', () => {
    const fields = { devDependencies: { '@libconveyor/testkit': 'workspace:*' } };
    expect(messages('packages/storage/test/a.test.ts', '@libconveyor/testkit', fields)).toEqual([]);
    expect(messages('packages/storage/src/a.ts', '@libconveyor/testkit', fields)).toHaveLength(1);
  });

  test('a package that does not exist', () => {
    expect(messages('packages/storage/src/a.ts', '@libconveyor/nowhere')).toEqual([
      expect.stringContaining('there is no package @libconveyor/nowhere'),
    ]);
  });
});
