import { type ColumnName, column, type GenQuery2Inp, type TextResult } from '@libconveyor/irods-protocol';
import type { ApiCall, ApiReply } from '../apis/api-call.ts';
import { IrodsFailure } from '../irods-failure.ts';
import { type Condition, conditionOn } from './condition.ts';
import { cellOf, rowsFor } from './rows.ts';

const defaultLimit = 256;
const wholeQuery = new RegExp(
  [
    /^\s*select\s+(.+?)(?:\s+where\s+(.+?))?/,
    /(?:\s+order\s+by\s+(\w+)(?:\s+(asc|desc))?)?(?:\s+limit\s+(\d+))?(?:\s+offset\s+(\d+))?\s*$/,
  ]
    .map(({ source }) => source)
    .join(''),
  'is',
);
const oneCondition = /^\s*(\w+)\s*(=|<>|!=|<=|>=|<|>|like|not\s+like|in|not\s+in)\s*(\(?\s*'[\s\S]*'\s*\)?)\s*$/i;

/** GENQUERY2, as far as lists of columns, conditions with `and`, an order, a limit and an offset go. */
export function genQuery2({ zone, person, input }: ApiCall<GenQuery2Inp>): ApiReply<TextResult> {
  if (input.zone === '') throw new IrodsFailure('SYS_INVALID_ZONE_NAME');
  const found = wholeQuery.exec(input.query_string ?? '');
  if (found === null) throw new IrodsFailure('SYS_LIBRARY_ERROR');
  const [, columnList = '', where, orderBy, direction, limit, offset = '0'] = found;
  const selects = columnList
    .replace(/^(?:no\s+)?distinct\s+/i, '')
    .split(',')
    .map((name) => columnOf(name.trim()));
  const conditions = where === undefined ? [] : splitConditions(where).map(parseOne);
  const orderNumber = orderBy === undefined ? undefined : columnOf(orderBy);
  const columns = [...selects, ...conditions.map(({ number }) => number)];
  const rows: { readonly key: string; readonly row: string[] }[] = [];
  for (const source of rowsFor(columns, zone, person, undefined)) {
    if (!conditions.every(({ number, test }) => test(cellOf(number)(source, zone)))) continue;
    const key = orderNumber === undefined ? '' : cellOf(orderNumber)(source, zone);
    rows.push({ key, row: selects.map((number) => cellOf(number)(source, zone)) });
  }
  const sign = direction?.toLowerCase() === 'desc' ? -1 : 1;
  if (orderNumber !== undefined) rows.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0));
  const distinct = [...new Map(rows.map(({ row }) => [row.join('\0'), row])).values()];
  const page = distinct.slice(Number(offset), Number(offset) + Number(limit ?? defaultLimit));
  return { output: { myStr: JSON.stringify(page) } };
}

function columnOf(name: string): number {
  const number = (column as Readonly<Record<string, number>>)[name.toUpperCase() as ColumnName];
  if (number === undefined) throw new IrodsFailure('SYS_INVALID_INPUT_PARAM');
  return number;
}

/** At every `and` that is not inside of quotes. */
function splitConditions(where: string): string[] {
  return where.split(/\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)/i);
}

function parseOne(text: string): { number: number; test: Condition } {
  const [, name, operator, operand] = oneCondition.exec(text) ?? [];
  if (name === undefined || operator === undefined || operand === undefined)
    throw new IrodsFailure('SYS_LIBRARY_ERROR');
  const between = operand.slice(operand.indexOf("'") + 1, operand.lastIndexOf("'"));
  const spaced = operator.toLowerCase().replace(/\s+/g, ' ');
  const value = spaced.endsWith('in') ? between : between.replaceAll("''", "'");
  return { number: columnOf(name), test: conditionOn(spaced, value) };
}
