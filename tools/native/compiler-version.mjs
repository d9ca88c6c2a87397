#!/usr/bin/env node
// Prints what compiles native code: part of the key under which Nx keeps results of native tests.
import { run } from '../bootstrap/child.mjs';
import { findProgram } from '../bootstrap/machine.mjs';

const compiler = [process.env.CXX, 'c++', 'g++', 'clang++'].find((name) => name && findProgram(name));
const version = compiler ? await run(compiler, ['--version'], { capture: true }) : undefined;
const cmake = await run('cmake', ['--version'], { capture: true });
console.log(version?.output ?? 'no compiler', cmake.output);
