import { describe, expect, test } from 'vitest';
import { cppFunctions } from '../src/functions-cpp.ts';
import { tsFunctions } from '../src/functions-ts.ts';
import { checkSizes } from '../src/sizes.ts';

const lines = (count: number, text: string): string => Array.from({ length: count }, () => text).join('\n');

function rulesBroken(path: string, text: string): string[] {
  return checkSizes([{ path, text }]).map(({ rule, line }) => `${rule}:${line}`);
}

describe('files and lines', () => {
  test('a product file has at most 500 lines, a test 800', () => {
    const text = lines(501, 'f();');
    expect(rulesBroken('packages/core/src/a.cpp', text)).toEqual(['file-size:0']);
    expect(rulesBroken('packages/core/test/a_test.cpp', text)).toEqual([]);
    expect(rulesBroken('packages/core/test/a_test.cpp', lines(801, 'f();'))).toEqual(['file-size:0']);
  });

  test('a program is not a test because its folder is called bench', () => {
    expect(rulesBroken('apps/bench/src/a.ts', lines(501, 'f();'))).toEqual(['file-size:0']);
  });

  test('a line has at most 120 characters', () => {
    expect(rulesBroken('apps/cli/src/a.ts', `//${'–'.repeat(118)}\n//${'-'.repeat(119)}`)).toEqual(['line-size:2']);
  });
});

describe('functions', () => {
  test('70 lines are allowed and 71 are not', () => {
    const ofLines = (count: number): string => `function f() {\n${lines(count - 2, '  g();')}\n}\n`;
    expect(rulesBroken('apps/cli/src/a.ts', ofLines(70))).toEqual([]);
    expect(rulesBroken('apps/cli/src/a.ts', `\n${ofLines(71)}`)).toEqual(['function-size:2']);
    expect(rulesBroken('packages/core/src/a.cpp', ofLines(70))).toEqual([]);
    expect(rulesBroken('packages/core/src/a.cpp', `\n${ofLines(71)}`)).toEqual(['function-size:2']);
  });

  test('a chapter of tests is not a function, the tests in it are', () => {
    const chapter = `describe('a', () => {\n${lines(80, '  b();')}\n});`;
    expect(rulesBroken('apps/cli/test/a.test.ts', chapter)).toEqual([]);
    const long = `describe('a', () => {\n  test('b', () => {\n${lines(80, '    c();')}\n  });\n});`;
    expect(rulesBroken('apps/cli/test/a.test.ts', long)).toEqual(['function-size:2']);
  });

  test('TypeScript functions of all kinds', () => {
    const text = 'class A {\n  constructor() {}\n  b() {}\n}\nconst c = () => {\n};\nfunction d() {}\n';
    expect(tsFunctions('a.ts', text).map(({ name }) => name)).toEqual(['constructor', 'b', 'c', 'd']);
  });
});

describe('C++ functions are found', () => {
  const extents = (text: string): string[] =>
    cppFunctions(text).map(({ name, firstLine, lastLine }) => `${name} ${firstLine}-${lastLine}`);

  test('in namespaces and classes', () => {
    const text = 'namespace a {\nclass B : public C {\n  int d() const {\n    return 1;\n  }\n};\n}\nint e() {\n}\n';
    expect(extents(text)).toEqual(['d 3-5', 'e 8-9']);
  });

  test('with member initialisers in braces', () => {
    const text = 'Ring::Ring(int n)\n    : begin_{0}, end_{n} {\n  if (n < 0) {\n    f();\n  }\n}\n';
    expect(extents(text)).toEqual(['Ring::Ring 1-6']);
  });

  test('with default arguments in braces', () => {
    expect(extents('void open(Options options = {}) {\n  f();\n}\n')).toEqual(['open 1-3']);
  });

  test('behind templates and before lambdas', () => {
    const text = 'template <class T, int n = (1)>\nvoid f(T t) {\n  g([t] {\n    h(t);\n  });\n}\n';
    expect(extents(text)).toEqual(['f 1-6']);
  });

  test('that return a struct', () => {
    expect(extents('struct stat look(int fd) {\n}\nstruct alignas(64) Slot {\n  int a{0};\n};\n')).toEqual([
      'look 1-2',
    ]);
  });

  test('whatever braces comments, strings and macros hold', () => {
    const text = '#define OPEN {\n// {\nTEST(w1, a) {\n  f("}", \'{\', 1\'000);  /* } */\n  g(R"({)");\n}\n';
    expect(extents(text)).toEqual(['TEST 3-6']);
  });
});
