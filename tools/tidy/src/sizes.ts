import type { Finding } from './finding.ts';
import { cppFunctions } from './functions-cpp.ts';
import { tsFunctions } from './functions-ts.ts';
import { isCpp, isTest, isTypeScript, type SourceFile } from './tree.ts';

const fileLinesMax = 500;
const testFileLinesMax = 800;
const functionLinesMax = 70;
const lineLengthMax = 120;

/** A function with its extent in lines, both ends included. */
export interface FunctionExtent {
  name: string;
  firstLine: number;
  lastLine: number;
}

/** Lengths of files, functions and lines: where one is larger, there is a second concept in it. */
export function checkSizes(files: readonly SourceFile[]): Finding[] {
  return files
    .filter((file) => isCpp(file) || isTypeScript(file))
    .flatMap((file) => [...checkFile(file), ...checkLines(file), ...checkFunctions(file)]);
}

function checkFile(file: SourceFile): Finding[] {
  const count = file.text.trimEnd().split('\n').length;
  const most = isTest(file) ? testFileLinesMax : fileLinesMax;
  if (count <= most) return [];
  return [{ rule: 'file-size', path: file.path, line: 0, message: `${count} lines, at most ${most}` }];
}

function checkLines({ path, text }: SourceFile): Finding[] {
  return text.split('\n').flatMap((content, index) => {
    const length = [...content].length;
    if (length <= lineLengthMax) return [];
    const message = `${length} characters, at most ${lineLengthMax}`;
    return [{ rule: 'line-size', path, line: index + 1, message }];
  });
}

function checkFunctions(file: SourceFile): Finding[] {
  const functions = isCpp(file) ? cppFunctions(file.text) : tsFunctions(file.path, file.text);
  return functions.flatMap(({ name, firstLine, lastLine }) => {
    const count = lastLine - firstLine + 1;
    if (count <= functionLinesMax) return [];
    const message = `${name} has ${count} lines, at most ${functionLinesMax}`;
    return [{ rule: 'function-size', path: file.path, line: firstLine, message }];
  });
}
