#!/usr/bin/env node
// Packs every package that is published, installs them in an empty project and uses them as a stranger would. The last
// line is `N passed, N failed, N skipped`. Requires: a built workspace.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'conveyor packed '));
const tarballs = join(folder, 'tarballs');
const project = join(folder, 'an empty project');
const tally = { passed: 0, failed: 0, skipped: 0 };
const unreachable = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/;

const program = `
import { createRequire } from 'node:module';
import { open } from '@libconveyor/conveyor';
import { FileLock } from '@libconveyor/file-lock';
import { FsStorage } from '@libconveyor/storage-fs';
const require = createRequire(import.meta.url);
for (const name of process.argv.slice(2)) {
  const count = Object.keys(await import(name)).length;
  if (count === 0 || Object.keys(require(name)).length !== count) throw new Error(name + ' exports nothing');
}
await FileLock.withLock('a file', async (lock) => {
  const file = await open(new FsStorage(), lock.lockedResourcePath, 'w+');
  for (let i = 0; i < 1000; i++) await file.write('hello\\n');
  await file.flush();
  await file.seek(0);
  const { length } = await file.readFile();
  console.log(length, file.stats().bytesWritten);
  await file.close();
});
`;

/** Every package that is published, with its folder. */
function publishedPackages() {
  return ['packages', 'apps'].flatMap((room) =>
    readdirSync(join(root, room)).flatMap((name) => {
      const manifest = JSON.parse(readFileSync(join(root, room, name, 'package.json'), 'utf8'));
      return manifest.private === true ? [] : [{ folder: join(root, room, name), manifest }];
    }),
  );
}

/** Runs a command and gives its output; throws with all it said when it fails. */
function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

function test(name, body) {
  try {
    body();
    tally.passed += 1;
    console.log(`PASS ${name}`);
  } catch (error) {
    const skips = unreachable.test(error.message) && name.startsWith('installing');
    tally[skips ? 'skipped' : 'failed'] += 1;
    console.log(skips ? `SKIP ${name}: the registry cannot be reached` : `FAIL ${name}\n${error.message}`);
    return false;
  }
  return true;
}

function expect(holds, message) {
  if (!holds) throw new Error(message);
}

function pack() {
  const dependencies = {};
  for (const { folder: source, manifest } of publishedPackages()) {
    run('node', [join(root, 'tools', 'bootstrap', 'pnpm.mjs'), 'pack', '--pack-destination', tarballs], source);
    const tarball = `${manifest.name.slice(1).replace('/', '-')}-${manifest.version}.tgz`;
    expect(readdirSync(tarballs).includes(tarball), `${tarball} was not made`);
    dependencies[manifest.name] = `file:${join(tarballs, tarball)}`;
  }
  // Overrides: what they need of each other is not on any registry.
  const manifest = { name: 'stranger', private: true, dependencies, overrides: dependencies };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(project, 'program.mjs'), program);
}

function use() {
  const names = publishedPackages().flatMap(({ manifest }) => (manifest.exports?.['.'] ? [manifest.name] : []));
  expect(names.length > 5, 'few packages have an entry point');
  const said = run('node', ['program.mjs', ...names], project);
  expect(said === '6000 6000\n', `the program said ${said}`);
}

function useCommands() {
  const said = run(join(project, 'node_modules', '.bin', 'conveyor'), ['cat', 'a file'], project);
  expect(said === 'hello\n'.repeat(1000), `conveyor cat wrote ${said.length} bytes`);
  for (const command of ['conveyor', 's3-mock', 'irods-emulator']) {
    run(join(project, 'node_modules', '.bin', command), ['--help'], project);
  }
}

try {
  mkdirSync(tarballs);
  mkdirSync(project);
  const isThere =
    test('packing every published package', pack) &&
    test('installing them in an empty project', () =>
      run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], project));
  if (isThere) {
    test('they load, as modules and by require(), and their addons need no compiler', use);
    test('their commands run', useCommands);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
process.exitCode = tally.failed === 0 ? 0 : 1;
