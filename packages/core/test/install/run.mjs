#!/usr/bin/env node
// Installs a build into a folder of its own and uses it as a stranger would: `node run.mjs [BUILD]`, by default
// .build/release. The last line is `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const build = resolve(process.argv[2] ?? join(here, '../../../../.build/release'));
const scratch = mkdtempSync(join(tmpdir(), 'conveyor install '));
const prefix = join(scratch, 'prefix');
const strict = ['-Wall', '-Wextra', '-Werror', '-pedantic'];
const languages = [
  { name: 'c', compiler: process.env.CC ?? 'cc', flags: ['-std=c11', ...strict], source: 'round_trip.c' },
  { name: 'cpp', compiler: process.env.CXX ?? 'c++', flags: ['-std=c++20', ...strict], source: 'round_trip.cpp' },
];
const tally = { passed: 0, failed: 0, skipped: 0 };

/** Runs a command and gives its output; throws with all it said when it fails. */
function run(command, args, options = {}) {
  const outcome = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (outcome.status === 0) return outcome.stdout;
  const said = `${outcome.stdout ?? ''}${outcome.stderr ?? ''}${outcome.error?.message ?? ''}`;
  throw new Error(`${[command, ...args].join(' ')}\n${said}`);
}

const has = (command) => spawnSync(command, ['--version']).status === 0;

function test(name, body) {
  try {
    body();
    tally.passed += 1;
    console.log(`PASS ${name}`);
  } catch (error) {
    tally.failed += 1;
    console.log(`FAIL ${name}\n${error.message}`);
  }
}

function skip(name, reason) {
  tally.skipped += 1;
  console.log(`SKIP ${name}: ${reason}`);
}

function expect(holds, message) {
  if (!holds) throw new Error(message);
}

/** The one file below a folder whose name matches. */
function find(folder, pattern) {
  const found = readdirSync(folder, { recursive: true }).filter((path) => pattern.test(path));
  expect(found.length > 0, `${pattern} is not below ${folder}`);
  return join(folder, found[0]);
}

function roundTrip(program, libraries) {
  const output = run(program, [], { env: { ...process.env, LD_LIBRARY_PATH: libraries ?? '' } });
  expect(output.startsWith('round trip with '), `${program} said ${output}`);
}

/** Functions that the installed headers declare. */
function declaredFunctions() {
  const folder = join(prefix, 'include', 'conveyor');
  const headers = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const code = headers.map((text) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*#.*$/gm, '')).join('\n');
  return [...new Set([...code.matchAll(/\b(conveyor_[a-z_]+)\s*\(/g)].map((match) => match[1]))].sort();
}

function testExports() {
  const shared = () => find(prefix, /libconveyor\.so$/);
  test('the shared library exports conveyor_* and nothing else', () => {
    const names = symbols(['-D', '--defined-only', shared()]).map(({ name }) => name);
    const foreign = names.filter((name) => !name.startsWith('conveyor_'));
    expect(names.length > 0 && foreign.length === 0, `exports ${foreign.join(' ')}`);
  });
  test('every declared function is exported', () => {
    const exported = new Set(symbols(['-D', '--defined-only', shared()]).map(({ name }) => name));
    const declared = declaredFunctions();
    const missing = declared.filter((name) => !exported.has(name));
    expect(declared.length >= 40 && missing.length === 0, `${declared.length} declared, missing: ${missing.join(' ')}`);
  });
  test('the static library defines nothing outside of conveyor', () => {
    const strong = symbols(['-g', '--defined-only', find(prefix, /libconveyor\.a$/)]).filter(({ kind }) =>
      /[TDBR]/.test(kind),
    );
    const foreign = strong.filter(({ name }) => !/^(conveyor_|_Z(N?K?|T[VISC]|TH|TW|GV|ZN|ZNK)+8conveyor)/.test(name));
    expect(strong.length > 0 && foreign.length === 0, foreign.map(({ name }) => name).join('\n'));
  });
}

function symbols(args) {
  const lines = run('nm', args).split('\n');
  return lines.flatMap((line) => {
    const [, kind, name] = /^[0-9a-f]+ ([A-Za-z]) (\S+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ kind, name }];
  });
}

function testHeaders() {
  for (const { name, compiler, flags } of languages) {
    for (const header of readdirSync(join(prefix, 'include', 'conveyor'))) {
      test(`${header} stands alone in ${name}`, () => {
        const language = name === 'c' ? 'c' : 'c++';
        const args = [...flags, '-I', join(prefix, 'include'), '-fsyntax-only', '-x', language, '-'];
        run(compiler, args, { input: `#include <conveyor/${header}>\nint main(void);\n` });
      });
    }
  }
}

/** Compiles with what pkg-config says about an installation and runs the result. */
function testPkgConfig(kind, installation, options, libraries) {
  for (const { name, compiler, flags, source } of languages) {
    const title = `${name} program through pkg-config, ${kind}`;
    if (!has('pkg-config')) {
      skip(title, 'pkg-config is not installed');
      continue;
    }
    test(title, () => {
      const env = { ...process.env, PKG_CONFIG_PATH: dirname(find(installation, /conveyor\.pc$/)) };
      const said = run('pkg-config', ['--cflags', '--libs', ...options, 'conveyor'], { env });
      const program = join(scratch, `${name}_${kind}`);
      // pkg-config escapes blanks as a shell wants them.
      const words = said
        .trim()
        .match(/(?:\\.|\S)+/g)
        .map((word) => word.replace(/\\(.)/g, '$1'));
      run(compiler, [...flags, join(here, source), '-o', program, ...words]);
      roundTrip(program, libraries);
    });
  }
}

/** The C programs in the documentation, as their readers would build them. */
function testExamples(libraries) {
  const pages = [
    { page: 'README.md', said: /^hello, world\n1000000 writes became \d{1,4}\n$/ },
    { page: 'packages/core/README.md', said: /^13000 bytes\n$/ },
  ];
  for (const { page, said } of pages) {
    test(`the C example of ${page}`, () => {
      const text = readFileSync(join(here, '../../../..', page), 'utf8');
      const source = /^```c\n([\s\S]*?)^```$/m.exec(text)?.[1];
      expect(source !== undefined, `${page} has no C example`);
      const program = join(scratch, 'example');
      const { compiler } = languages[0];
      const args = ['-std=gnu11', ...strict, '-I', join(prefix, 'include'), '-x', 'c', '-', '-o', program];
      run(compiler, [...args, '-L', libraries, '-lconveyor'], { input: source });
      const output = run(program, [], { cwd: scratch, env: { ...process.env, LD_LIBRARY_PATH: libraries } });
      expect(said.test(output), `it said ${output}`);
    });
  }
}

function testCmakePackage() {
  const consumer = join(scratch, 'consumer');
  test('find_package(conveyor) configures and builds', () => {
    run('cmake', ['-S', here, '-B', consumer, `-DCMAKE_PREFIX_PATH=${prefix}`]);
    run('cmake', ['--build', consumer]);
  });
  for (const program of ['c_shared', 'cpp_shared', 'c_static', 'cpp_static']) {
    test(`${program} through find_package`, () => roundTrip(join(consumer, program)));
  }
}

test('cmake --install', () => run('cmake', ['--install', build, '--prefix', prefix]));
if (tally.failed === 0) {
  const libraries = dirname(find(prefix, /libconveyor\.so$/));
  testExports();
  testHeaders();
  testPkgConfig('shared', prefix, [], libraries);
  testExamples(libraries);
  // A moved tree without the shared library: pkg-config has to find what only the archive needs.
  const moved = join(scratch, 'moved');
  cpSync(prefix, moved, { recursive: true, filter: (path) => !/libconveyor\.so/.test(path) });
  testPkgConfig('static', moved, ['--static']);
  testCmakePackage();
}
rmSync(scratch, { recursive: true, force: true });
console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1;
