import type { FunctionExtent } from './sizes.ts';

/** What opens a block that holds declarations, not statements. */
const container = /^(?:inline\s+|typedef\s+)?(?:(?:namespace|class|struct|enum|union)\b|extern\s+"")/;
/** The end of a function's head, which may begin with `struct` for its result. */
const parameters = /\)[\s\w]*$/;
/** A constructor's head up to a member's `{`, which follows its name at once: `) : begin_`, `) : begin_, end_`. */
const beforeInitialiser = /\)[^;{}]*:[^;{}]*[\w>]$/;

/**
 * The functions of a C or C++ file with their bodies, found by counting braces. Lambdas belong to the function around
 * them. A scanner, not a parser: macros that hide braces are beyond it.
 */
export function cppFunctions(text: string): FunctionExtent[] {
  const code = blanked(text);
  const found: FunctionExtent[] = [];
  // What each open brace is; inside of a function every brace is 'inner'.
  const open: ('container' | 'function' | 'inner' | 'initialiser')[] = [];
  let head = '';
  let headLine = 1;
  let line = 1;
  let current: FunctionExtent | undefined;
  for (const character of code) {
    if (character === '\n') line += 1;
    if (character === '{') {
      const kind = current ? 'inner' : kindOf(head);
      if (kind === 'function') current = { name: functionName(head), firstLine: headLine, lastLine: line };
      open.push(kind);
      if (kind === 'container') head = '';
    } else if (character === '}') {
      const kind = open.pop();
      if (kind === 'function' && current) {
        found.push({ ...current, lastLine: line });
        current = undefined;
      }
      if (kind !== 'initialiser') head = '';
    } else if (character === ';' && !current) {
      head = '';
    } else if (!current && open.at(-1) !== 'initialiser') {
      if (head.trim() === '') headLine = line;
      head += character;
    }
  }
  return found;
}

function kindOf(head: string): 'container' | 'function' | 'initialiser' {
  const bare = withoutDecoration(head);
  // A default argument: `void close(Options options = {`.
  if (count(bare, '(') > count(bare, ')')) return 'initialiser';
  if (container.test(bare) && !parameters.test(bare)) return 'container';
  if (beforeInitialiser.test(bare.replaceAll('::', '..'))) return 'initialiser';
  return bare.includes('(') ? 'function' : 'container';
}

const count = (text: string, character: string): number => text.split(character).length - 1;

/** The head without `template <...>`, whose `class` looks like a class, and `alignas(64)`, which looks like a call. */
function withoutDecoration(head: string): string {
  let rest = head.trimStart();
  while (/^template\s*</.test(rest)) {
    let depth = 0;
    let end = rest.indexOf('<');
    do {
      if (rest[end] === '<') depth += 1;
      if (rest[end] === '>') depth -= 1;
      end += 1;
    } while (depth > 0 && end < rest.length);
    rest = rest.slice(end).trimStart();
  }
  return rest.replace(/\balignas\s*\([^()]*\)/g, '');
}

function functionName(head: string): string {
  const bare = withoutDecoration(head).replace(/\s+/g, ' ');
  return /([\w:~]+(?:\([^()]*\)| ?operator[^(]*)?)\s*\(/.exec(bare)?.[1] ?? 'a function';
}

/** Comments, raw strings, strings, characters (but not the quote in 1'000), preprocessor lines with continuations. */
const notCode = new RegExp(
  [
    /\/\/[^\n]*/,
    /\/\*[\s\S]*?\*\//,
    /R"([^(\s]*)\([\s\S]*?\)\1"/,
    /"(?:\\.|[^"\\\n])*"/,
    /(?<!\w)'(?:\\.|[^'\\\n])+'/,
    /^[ \t]*#(?:[^\n]*\\\n)*[^\n]*/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gm',
);

/** The text with everything that is not code replaced by blanks; lines stay where they are. */
function blanked(text: string): string {
  return text.replace(notCode, (match) => (match.startsWith('"') ? '""' : match.replace(/[^\n]/g, ' ')));
}
