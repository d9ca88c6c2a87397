import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkClauses } from '../src/clauses.ts';
import { describe as asLine, type Finding } from '../src/finding.ts';
import { checkImports } from '../src/imports.ts';
import { checkIncludes } from '../src/includes.ts';
import { checkNames } from '../src/names.ts';
import { checkScripts } from '../src/scripts.ts';
import { checkSizes } from '../src/sizes.ts';
import { readTree, type SourceFile } from '../src/tree.ts';
import { checkWords } from '../src/words.ts';

const files = readTree(fileURLToPath(new URL('../../..', import.meta.url)));

const rules: [string, (files: readonly SourceFile[]) => Finding[]][] = [
  ['TypeScript imports keep to the layers and entry points', checkImports],
  ['C++ includes keep to the layers and public headers', checkIncludes],
  ['files, functions and lines have their size', checkSizes],
  ['files are named after what they hold', checkNames],
  ['no banned words and paths', checkWords],
  ['clauses and tests name each other', checkClauses],
  ['every script is described', checkScripts],
];

test('the tree is read', () => {
  expect(files.map(({ path }) => path)).toContain('package.json');
  expect(files.length).toBeGreaterThan(50);
});

for (const [title, check] of rules) {
  test(`the tree: ${title}`, () => {
    expect(check(files).map(asLine)).toEqual([]);
  });
}
