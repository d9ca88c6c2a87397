import type { Finding } from './finding.ts';
import { isCpp, isTypeScript, nameOf, type SourceFile } from './tree.ts';

/** Names under which anything could hide. */
const bags = new Set(['util', 'utils', 'helper', 'helpers', 'type', 'types', 'common', 'misc']);

/** What the top folder holds; everything else has a room inside of it. */
const topLevel = new Set([
  'package.json',
  'pnpm-workspace.yaml',
  'pnpm-lock.yaml',
  'nx.json',
  'packages',
  'apps',
  'tools',
  'docs',
  'README.md',
  'LICENSE',
]);

/** Names of files: a noun each, in the language's own spelling, and nothing new at the top level. */
export function checkNames(files: readonly SourceFile[]): Finding[] {
  return [...files.flatMap(checkName), ...checkTop(files)];
}

function checkName(file: SourceFile): Finding[] {
  const stem = nameOf(file.path).split('.')[0] ?? '';
  const finding = (message: string): Finding[] => [{ rule: 'names', path: file.path, line: 0, message }];
  const folders = file.path.split('/').slice(0, -1);
  const bag = [stem, ...folders].find((part) => bags.has(part));
  if (bag !== undefined) return finding(`'${bag}' says nothing: name the concept`);
  if (isTypeScript(file) && !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem)) return finding('TypeScript files are kebab-case');
  if (isCpp(file) && !/^[a-z0-9]+(_[a-z0-9]+)*$/.test(stem)) return finding('C++ files are snake_case');
  return [];
}

function checkTop(files: readonly SourceFile[]): Finding[] {
  const names = new Set(files.map(({ path }) => path.split('/')[0] ?? ''));
  return [...names]
    .filter((name) => !topLevel.has(name) && !name.startsWith('.'))
    .map((name) => ({ rule: 'names', path: name, line: 0, message: 'does not belong at the top level' }));
}
