/** What each script of the top package.json does, in one line. */
export const scriptDescriptions = {
  start: 'build what is missing, then a short bench and a real copy (-- --once ends by itself)',
  test: 'all tests: lint, types, native, TypeScript, tidy rules, TSan, ASan + UBSan',
  check: 'what CI runs: the same as test',
  'test:short': 'the tests without sanitizers, lint and type check',
  'test:race': 'the native tests under ThreadSanitizer',
  'test:asan': 'the native tests under AddressSanitizer and UBSan',
  stress: 'the native stress tests, ITERATIONS=500 rounds with random CPU counts and pool sizes (SEED=N repeats)',
  bench: 'conveyor beside its peers on this machine; arguments go to conveyor-bench',
  build: 'check the machine, install the packages, build native code and all packages',
  lint: 'biome: format and lint',
  'lint:fix': 'biome: repair what it can',
  typecheck: 'the TypeScript compiler over every package',
  changeset: 'describe a change for the changelogs and the next versions',
  'version-packages': 'turn the changesets into versions and changelogs (the release workflow does it)',
  release: 'publish the packages whose version is new (the release workflow does it)',
  help: 'this list',
};
