/** One place where the tree breaks a rule. */
export interface Finding {
  /** Name of the rule, as the tests call it. */
  rule: string;
  /** Path from the top folder, with `/`. */
  path: string;
  /** Counts from 1; 0 where the whole file is meant. */
  line: number;
  message: string;
}

/** A finding as editors and people read it: `path:line: message [rule]`. */
export function describe({ rule, path, line, message }: Finding): string {
  return `${path}${line > 0 ? `:${line}` : ''}: ${message} [${rule}]`;
}
