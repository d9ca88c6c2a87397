import { expect, test } from 'vitest';
import { checkIncludes } from '../src/includes.ts';
import type { SourceFile } from '../src/tree.ts';

const headers: SourceFile[] = [
  'packages/core/include/conveyor/conveyor.h',
  'packages/core/include/conveyor/stats.h',
  'packages/core/src/engine/engine.hpp',
  'packages/ring-buffer/cpp/include/conveyor/ring/byte_ring.hpp',
  'packages/testkit/cpp/include/conveyor/testkit/check.hpp',
].map((path) => ({ path, text: '#pragma once\n' }));

/** What the rule says about one line of one file. */
function messages(path: string, line: string): string[] {
  return checkIncludes([...headers, { path, text: `// a comment\n${line}\n` }]).map(({ message }) => message);
}

test('the core includes the ring and its own headers', () => {
  expect(messages('packages/core/src/shell/a.cpp', '#include <conveyor/ring/byte_ring.hpp>')).toEqual([]);
  expect(messages('packages/core/src/shell/a.cpp', '#include "engine/engine.hpp"')).toEqual([]);
  expect(messages('packages/core/src/engine/a.cpp', '#include "engine.hpp"')).toEqual([]);
});

test('the ring includes nothing internal, but its tests use the testkit', () => {
  const include = '#include <conveyor/testkit/check.hpp>';
  expect(messages('packages/ring-buffer/cpp/test/a_test.cpp', include)).toEqual([]);
  expect(messages('packages/ring-buffer/cpp/include/conveyor/ring/a.hpp', include)).toHaveLength(1);
  expect(messages('packages/ring-buffer/cpp/test/a_test.cpp', '#include <conveyor/conveyor.h>')).toHaveLength(1);
});

test("another package's private header cannot be reached", () => {
  const place = 'packages/conveyor/native/src/a.cpp';
  expect(messages(place, '#include "../../../core/src/engine/engine.hpp"')).toEqual([
    expect.stringContaining('packages/core/src/engine/engine.hpp'),
  ]);
  expect(messages(place, '#include "engine/engine.hpp"')).toHaveLength(1);
  expect(messages(place, '#include <conveyor/engine.hpp>')).toEqual([expect.stringContaining('no package')]);
});

test('the iRODS plugin sees the C API only', () => {
  expect(messages('packages/irods-plugin/src/a.cpp', '#include <conveyor/conveyor.h>')).toEqual([]);
  expect(messages('packages/irods-plugin/src/a.cpp', '#include <conveyor/stats.h>')).toHaveLength(1);
});

test('the engine names no operating system, thread, lock or clock', () => {
  const place = 'packages/core/src/engine/a.cpp';
  for (const name of ['unistd.h', 'sys/stat.h', 'thread', 'mutex', 'condition_variable']) {
    expect(messages(place, `#include <${name}>`)).toHaveLength(1);
    expect(messages('packages/core/src/shell/a.cpp', `#include <${name}>`)).toEqual([]);
  }
  expect(messages(place, '#include <sys/types.h>')).toEqual([]);
  expect(messages(place, 'auto now = std::chrono::steady_clock::now();')).toHaveLength(1);
});
