import { IrodsFailure } from '../irods-failure.ts';

/** Decides about the values of a column. */
export type Condition = (value: string) => boolean;

const operators = /^\s*(not like|not in|like|in|between|<>|!=|<=|>=|=|<|>)\s*([\s\S]*)$/i;

/**
 * A condition as texts of the first kind of query have it: `= 'a'`, `like 'a%'`, `in ('a','b')`, several with `||` and
 * `&&` between.
 *
 * Errors: IrodsFailure (-816000), and -806000 for a value that is split at a quote, an operator and a quote.
 */
export function parseCondition(text: string): Condition {
  const alternatives = text.split(/(?<=')\s*\|\|\s*(?=[=<>!a-z])/i).map((alternative) => {
    const all = alternative.split(/(?<=')\s*&&\s*(?=[=<>!a-z])/i).map(parseOne);
    return (value: string): boolean => all.every((one) => one(value));
  });
  return (value) => alternatives.some((one) => one(value));
}

function parseOne(text: string): Condition {
  const [, operator, operand = ''] = operators.exec(text) ?? [];
  if (operator === undefined) throw new IrodsFailure('CAT_INVALID_ARGUMENT');
  const first = operand.indexOf("'");
  const last = operand.lastIndexOf("'");
  if (first === -1 || first === last) throw new IrodsFailure('CAT_INVALID_ARGUMENT');
  const between = operand.slice(first + 1, last);
  if (/'\s*(?:\|\||&&)\s*'/.test(between)) throw new IrodsFailure('CAT_SQL_ERR');
  return conditionOn(operator.toLowerCase(), between);
}

/** A condition with an operator on one operand. Errors: IrodsFailure (-816000). */
export function conditionOn(operator: string, operand: string): Condition {
  switch (operator) {
    case '=':
      return (value) => value === operand;
    case '<>':
    case '!=':
      return (value) => value !== operand;
    case '<':
      return (value) => compare(value, operand) < 0;
    case '>':
      return (value) => compare(value, operand) > 0;
    case '<=':
      return (value) => compare(value, operand) <= 0;
    case '>=':
      return (value) => compare(value, operand) >= 0;
    case 'like':
    case 'not like': {
      const pattern = patternOf(operand);
      return (value) => pattern.test(value) === (operator === 'like');
    }
    case 'in':
    case 'not in': {
      const listed = new Set(operand.split(/'\s*,\s*'/));
      return (value) => listed.has(value) === (operator === 'in');
    }
    case 'between': {
      const [low = '', high = ''] = operand.split(/'\s+'/);
      return (value) => compare(value, low) >= 0 && compare(value, high) <= 0;
    }
    default:
      throw new IrodsFailure('CAT_INVALID_ARGUMENT');
  }
}

/** As numbers where both are, else as texts. */
function compare(a: string, b: string): number {
  const areNumbers = /^-?\d+$/.test(a) && /^-?\d+$/.test(b);
  if (areNumbers) return Number(a) - Number(b);
  return a < b ? -1 : a > b ? 1 : 0;
}

function patternOf(like: string): RegExp {
  const source = like.replace(/\\([\s\S])|[%_]|[^\\%_]+/g, (found, escaped: string | undefined) => {
    if (escaped !== undefined) return literal(escaped);
    if (found === '%') return '[\\s\\S]*';
    return found === '_' ? '[\\s\\S]' : literal(found);
  });
  return new RegExp(`^${source}$`, 'u');
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
