import type { Finding } from './finding.ts';
import { isCpp, isTest, isTypeScript, nameOf, type SourceFile } from './tree.ts';

interface Ban {
  pattern: RegExp;
  /** What to do instead. */
  message: string;
  appliesTo: (file: SourceFile) => boolean;
}

const isSource = (file: SourceFile): boolean => isCpp(file) || isTypeScript(file);

const bans: readonly Ban[] = [
  {
    pattern: /(?<![\w.:@/~-])\/(?:home|Users|root|work|workspaces?|builds)\/[\w.-]+/,
    message: 'a path of one machine: make it relative, or take it from the environment',
    appliesTo: () => true,
  },
  {
    pattern: /^\s*(?:@[\w-]+:)?registry\s*=|^\s*"registry"\s*:|\bregistries:/,
    message: 'the registry is a setting of the machine, not of the repository',
    appliesTo: ({ path }) => /^(\.npmrc|package\.json|pnpm-workspace\.yaml)$/.test(nameOf(path)),
  },
  {
    pattern: /\btarball:|\bresolved:?\s+"?https?:/,
    message: 'the lockfile names the host that one machine installed from',
    appliesTo: ({ path }) => nameOf(path) === 'pnpm-lock.yaml',
  },
  {
    pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/,
    message: 'do it, or file an issue',
    appliesTo: isSource,
  },
  {
    pattern: /\b(?:sleep_for|sleep_until|usleep|nanosleep)\s*\(/,
    message: 'tests wait for a condition (barrier, clock, sync point), never for time',
    appliesTo: (file) => isCpp(file) && isTest(file),
  },
];

/** Words and paths that may not be in the tree. This folder, which has to name them, is left out. */
export function checkWords(files: readonly SourceFile[]): Finding[] {
  return files
    .filter(({ path }) => !path.startsWith('tools/tidy/'))
    .flatMap((file) => {
      const due = bans.filter(({ appliesTo }) => appliesTo(file));
      return file.text.split('\n').flatMap((text, index) =>
        due.flatMap(({ pattern, message }) => {
          const found = pattern.exec(text)?.[0];
          if (found === undefined) return [];
          return [{ rule: 'words', path: file.path, line: index + 1, message: `'${found.trim()}': ${message}` }];
        }),
      );
    });
}
