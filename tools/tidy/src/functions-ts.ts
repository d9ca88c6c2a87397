import ts from 'typescript';
import type { FunctionExtent } from './sizes.ts';

/** Calls whose function argument is a chapter of tests, not a piece of logic. */
const chapters = new Set(['describe', 'suite']);

/** The functions of a TypeScript or JavaScript file, nested ones too, without the bodies of `describe`. */
export function tsFunctions(path: string, text: string): FunctionExtent[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: FunctionExtent[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined && !isChapter(node)) {
      found.push({
        name: nameOf(node),
        firstLine: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1,
        lastLine: source.getLineAndCharacterOfPosition(node.getEnd()).line + 1,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isChapter({ parent }: ts.Node): boolean {
  if (!ts.isCallExpression(parent)) return false;
  const callee = parent.expression.getText().split(/[.(]/)[0];
  return callee !== undefined && chapters.has(callee);
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name.getText() : 'a function';
}
