import { column, type GenQueryInp, type GenQueryOut, queryOption, select } from '@libconveyor/irods-protocol';
import type { ApiCall, ApiReply, Session } from '../apis/api-call.ts';
import { IrodsFailure } from '../irods-failure.ts';
import { parseCondition } from './condition.ts';
import { type CollectionFilter, cellOf, rowsFor } from './rows.ts';

/** So many queries of a connection may wait for their next page. */
const cursorsMax = 50;
/** Text that a value has at least, as servers announce it. */
const valueLengthMin = 50;

const none: GenQueryOut = { rowCnt: 0, continueInx: 0, totalRowCount: 0, columns: [] };

/** GEN_QUERY: a first page, the next one, or the end of a query. No rows are an error, with a body. */
export function genQuery(call: ApiCall<GenQueryInp>): ApiReply<GenQueryOut> {
  const { session, input } = call;
  if (input.continueInx > 0) return nextPage(session, input);
  if (input.maxRows <= 0) return { output: none };
  const rows = allRows(call).slice(input.partialStartIndex);
  return pageOf(session, input, rows, 0);
}

function nextPage(session: Session, input: GenQueryInp): ApiReply<GenQueryOut> {
  const rows = session.cursors.get(input.continueInx);
  session.cursors.delete(input.continueInx);
  if (rows === undefined) throw new IrodsFailure('CAT_INVALID_ARGUMENT');
  if (input.maxRows <= 0) return { output: none };
  return pageOf(session, input, rows, input.continueInx);
}

function pageOf(
  session: Session,
  { maxRows, selects, options }: GenQueryInp,
  rows: readonly (readonly string[])[],
  cursor: number,
): ApiReply<GenQueryOut> {
  const page = rows.slice(0, maxRows);
  if (page.length === 0) return { intInfo: -808_000, output: none };
  const isLast = rows.length <= maxRows || (options & queryOption.autoClose) !== 0;
  const continueInx = isLast ? 0 : keep(session, rows.slice(maxRows), cursor);
  const columns = selects.map(([attriInx], index) => {
    const values = page.map((row) => row[index] ?? '');
    return {
      attriInx,
      reslen: Math.max(valueLengthMin, ...values.map((value) => Buffer.byteLength(value) + 1)),
      values,
    };
  });
  const totalRowCount = (options & queryOption.returnTotal) === 0 ? 0 : rows.length;
  return { output: { rowCnt: page.length, continueInx, totalRowCount, columns } };
}

function keep({ cursors }: Session, rows: readonly (readonly string[])[], cursor: number): number {
  let number = cursor;
  for (let free = 1; number === 0 && free <= cursorsMax; free++) if (!cursors.has(free)) number = free;
  if (number === 0) throw new IrodsFailure(-860_000);
  cursors.set(number, rows);
  return number;
}

function allRows({ zone, person, input }: ApiCall<GenQueryInp>): string[][] {
  const { selects, options } = input;
  const conditions = input.conditions.map(([number, text]) => ({ cell: cellOf(number), test: parseCondition(text) }));
  const wanted = selects.map(([number]) => cellOf(number));
  const columns = [...selects, ...input.conditions].map(([number]) => number);
  const rows: string[][] = [];
  for (const source of rowsFor(columns, zone, person, collectionsIn(input.conditions))) {
    if (!conditions.every(({ cell, test }) => test(cell(source, zone)))) continue;
    rows.push(wanted.map((cell) => cell(source, zone)));
  }
  const aggregated = aggregate(rows, selects);
  if (aggregated !== undefined) return [aggregated];
  const distinct = (options & queryOption.noDistinct) === 0 ? withoutDuplicates(rows) : rows;
  return ordered(distinct, selects);
}

/** Looking at one collection only, where the conditions name it, keeps a large zone fast. */
function collectionsIn(conditions: GenQueryInp['conditions']): CollectionFilter {
  for (const [number, text] of conditions) {
    const path = /^\s*=\s*'([\s\S]*)'\s*$/.exec(text)?.[1];
    if (number === column.COLL_NAME && path !== undefined && !path.includes("'")) return [path];
  }
  return undefined;
}

function withoutDuplicates(rows: readonly string[][]): string[][] {
  return [...new Map(rows.map((row) => [row.join('\0'), row])).values()];
}

function ordered(rows: string[][], selects: GenQueryInp['selects']): string[][] {
  const keys = selects.flatMap(([, option], index) => {
    if ((option & (select.ascending | select.descending)) === 0) return [];
    return [{ index, sign: (option & select.descending) === 0 ? 1 : -1 }];
  });
  if (keys.length === 0) return rows;
  return rows.sort((a, b) => {
    for (const { index, sign } of keys) {
      const [left = '', right = ''] = [a[index], b[index]];
      if (left !== right) return left < right ? -sign : sign;
    }
    return 0;
  });
}

/** One row of minima, sums and so on; undefined when none is asked for. */
function aggregate(rows: readonly string[][], selects: GenQueryInp['selects']): string[] | undefined {
  if (!selects.some(([, option]) => option >= select.min && option <= select.count)) return undefined;
  return selects.map(([, option], index) => {
    const numbers = rows.map((row) => Number(row[index]));
    const sum = numbers.reduce((total, value) => total + value, 0);
    if (option === select.count) return String(rows.length);
    if (option === select.sum) return String(sum);
    if (option === select.avg) return rows.length === 0 ? '' : String(sum / rows.length);
    if (option === select.min) return rows.length === 0 ? '' : String(Math.min(...numbers));
    if (option === select.max) return rows.length === 0 ? '' : String(Math.max(...numbers));
    return rows[0]?.[index] ?? '';
  });
}
