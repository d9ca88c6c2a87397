import type { Finding } from './finding.ts';
import { isCpp, isTest, isTypeScript, lineAt, type SourceFile } from './tree.ts';

/** The document whose lines `- **W1** ...` are the clauses of the engine. */
export const semanticsPath = 'docs/SEMANTICS.md';

/** Documents of packages with clauses of their own; each letter belongs to one document. */
const furtherPaths = [
  'packages/file-lock/SEMANTICS.md',
  'packages/fuse/SEMANTICS.md',
  'packages/observability/SEMANTICS.md',
];

/** The failures of earlier systems (docs/LESSONS.md) that are tested by now: the first and the last of each row. */
const testedLessons: readonly (readonly [number, number])[] = [[1, 39]];

const rule = 'clauses';

/** A line of a document. */
interface Clause {
  id: string;
  path: string;
  line: number;
}

/** A clause or lesson that a test names. */
interface Mention {
  /** `W1`, or `lesson_04`. */
  id: string;
  path: string;
  line: number;
}

/**
 * Clauses and tests name each other: every clause of the semantics has a test, every lesson has one, and no test names
 * a clause that does not exist. A test names a clause as its C++ suite (`TEST(w1, ...)`) or at the head of its title
 * (`test('W1: ...')`); a lesson as `lesson_04` in the same places.
 */
export function checkClauses(files: readonly SourceFile[]): Finding[] {
  const documents = files.filter(({ path }) => path === semanticsPath || furtherPaths.includes(path));
  if (!documents.some(({ path }) => path === semanticsPath)) {
    return [{ rule, path: semanticsPath, line: 0, message: 'is missing: it holds the clauses' }];
  }
  const clauses = documents.flatMap(clausesIn);
  const mentions = files.filter((file) => isTest(file) && !file.path.startsWith('tools/')).flatMap(mentionsIn);
  return [
    ...findTwice(clauses),
    ...findUntested(clauses, mentions),
    ...findUnknown(new Set(clauses.map(({ id }) => id)), mentions),
  ];
}

function clausesIn({ path, text }: SourceFile): Clause[] {
  return [...text.matchAll(/^- \*\*([WRPFCOALTMV]\d+)\*\*/gm)].map((match) => ({
    id: match[1] ?? '',
    path,
    line: lineAt(text, match.index),
  }));
}

function mentionsIn(file: SourceFile): Mention[] {
  const pattern = isCpp(file)
    ? /^[ \t]*TEST\(\s*([wrpfcoaltm]\d+|lesson_\d+)\s*,/gm
    : /\b(?:test|it|describe)(?:\.\w+(?:\([^()]*\))?)*\(\s*['"`]([WRPFCOALTMV]\d+|lesson_\d+):/g;
  if (!isCpp(file) && !isTypeScript(file)) return [];
  return [...file.text.matchAll(pattern)].map((match) => ({
    id: normalised(match[1] ?? ''),
    path: file.path,
    line: lineAt(file.text, match.index),
  }));
}

function normalised(name: string): string {
  const lesson = /^lesson_(\d+)$/.exec(name)?.[1];
  return lesson === undefined ? name.toUpperCase() : lessonId(Number(lesson));
}

const lessonId = (number: number): string => `lesson_${String(number).padStart(2, '0')}`;

function findTwice(clauses: readonly Clause[]): Finding[] {
  return clauses
    .filter(({ id }, index) => clauses.findIndex((other) => other.id === id) < index)
    .map(({ id, path, line }) => ({ rule, path, line, message: `${id} is there twice` }));
}

function findUntested(clauses: readonly Clause[], mentions: readonly Mention[]): Finding[] {
  const lessons = testedLessons.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => ({
      id: lessonId(first + index),
      path: semanticsPath,
      line: 0,
    })),
  );
  const tested = new Set(mentions.map(({ id }) => id));
  return [...clauses, ...lessons]
    .filter(({ id }) => !tested.has(id))
    .map(({ id, path, line }) => ({ rule, path, line, message: `no test names ${id}` }));
}

function findUnknown(known: ReadonlySet<string>, mentions: readonly Mention[]): Finding[] {
  return mentions
    .filter(({ id }) => !known.has(id) && !id.startsWith('lesson_'))
    .map(({ id, path, line }) => ({
      rule,
      path,
      line,
      message: `${id} is no clause of ${[semanticsPath, ...furtherPaths].join(', ')}`,
    }));
}
