import { expect, test } from 'vitest';
import { checkClauses, semanticsPath } from '../src/clauses.ts';
import type { SourceFile } from '../src/tree.ts';

const lessons: SourceFile = {
  path: 'packages/core/test/lessons_test.cpp',
  text: Array.from({ length: 39 }, (_, index) => `TEST(lesson_${index + 1}, a) {}`).join('\n'),
};
const document: SourceFile = { path: semanticsPath, text: '# Semantics\n\n- **W1** a\n- **R2** b\n' };
const cpp: SourceFile = { path: 'packages/core/test/write_test.cpp', text: 'TEST(w1, copies) {\n}\n' };
const vitest: SourceFile = { path: 'packages/conveyor/test/read.test.ts', text: "test('R2: a gap', () => {});\n" };

function messages(...files: SourceFile[]): string[] {
  return checkClauses(files).map(({ path, line, message }) => `${path}:${line} ${message}`);
}

test('clauses and tests that name each other are fine', () => {
  expect(messages(document, lessons, cpp, vitest)).toEqual([]);
});

test('a clause without a test', () => {
  expect(messages(document, lessons, vitest)).toEqual([`${semanticsPath}:3 no test names W1`]);
});

const packages = ['file-lock', 'fuse', 'observability'].map((name) => `packages/${name}/SEMANTICS.md`);
const everywhere = [semanticsPath, ...packages].join(', ');

test('a test of a clause that does not exist, in both languages', () => {
  const strayCpp = { path: 'packages/core/test/a_test.cpp', text: '\nTEST(w9, a) {}\n' };
  const strayTs = { path: 'packages/conveyor/test/a.test.ts', text: "it.each([1, 2])('F99: a', () => {});" };
  expect(messages(document, lessons, cpp, vitest, strayCpp, strayTs)).toEqual([
    `packages/core/test/a_test.cpp:2 W9 is no clause of ${everywhere}`,
    `packages/conveyor/test/a.test.ts:1 F99 is no clause of ${everywhere}`,
  ]);
});

test('clauses of a package stand in a document of its own', () => {
  const further: SourceFile = { path: 'packages/file-lock/SEMANTICS.md', text: '- **L1** a\n- **L2** b\n' };
  const held = { path: 'packages/file-lock/cpp/test/a_test.cpp', text: 'TEST(l1, a) {}\n' };
  expect(messages(document, further, lessons, cpp, vitest, held)).toEqual([`${further.path}:2 no test names L2`]);
});

test('a lesson without a test', () => {
  const without = { ...lessons, text: lessons.text.replace('lesson_4,', 'other,') };
  expect(messages(document, without, cpp, vitest)).toEqual([`${semanticsPath}:0 no test names lesson_04`]);
});

test('a mention outside of tests does not count', () => {
  const product = { ...cpp, path: 'packages/core/src/write.cpp' };
  expect(messages(document, lessons, product, vitest)).toEqual([`${semanticsPath}:3 no test names W1`]);
});

test('a clause that is there twice, and no document at all', () => {
  const twice = { ...document, text: `${document.text}- **W1** again\n` };
  expect(messages(twice, lessons, cpp, vitest)).toEqual([`${semanticsPath}:5 W1 is there twice`]);
  expect(messages(lessons)).toEqual([`${semanticsPath}:0 is missing: it holds the clauses`]);
});
