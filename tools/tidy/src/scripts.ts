import { scriptDescriptions } from '../../bootstrap/script-descriptions.mjs';
import type { Finding } from './finding.ts';
import type { SourceFile } from './tree.ts';

const rule = 'scripts';
const described = 'tools/bootstrap/script-descriptions.mjs';

/** The scripts of the top package.json against what `pnpm run help` tells, both ways. */
export function checkScripts(
  files: readonly SourceFile[],
  descriptions: Readonly<Record<string, string>> = scriptDescriptions,
): Finding[] {
  const manifest = files.find(({ path }) => path === 'package.json');
  if (!manifest) return [{ rule, path: 'package.json', line: 0, message: 'is missing' }];
  const scripts = Object.keys(JSON.parse(manifest.text).scripts ?? {});
  const hidden = scripts.filter((name) => !Object.hasOwn(descriptions, name));
  const invented = Object.keys(descriptions).filter((name) => !scripts.includes(name));
  return [
    ...hidden.map((name) => ({ rule, path: 'package.json', line: 0, message: `${name} has no line in ${described}` })),
    ...invented.map((name) => ({ rule, path: described, line: 0, message: `there is no script ${name}` })),
  ];
}
