import {
  integer,
  nested,
  pointer,
  readArray,
  readSparseArray,
  type Structure,
  structure,
  writeArray,
} from '../packing/field.ts';
import { PackingError } from '../packing/packing-error.ts';
import { queryColumnsMax } from './dimensions.ts';
import { type KeyValues, keyValPair } from './key-values.ts';

/** A query: columns with what to do with them, and conditions as texts. */
export interface GenQueryInp {
  maxRows: number;
  /** From the last reply, for the next page. */
  continueInx: number;
  partialStartIndex: number;
  options: number;
  keyValues: KeyValues;
  /** Column and, mostly, 1. */
  selects: readonly (readonly [column: number, option: number])[];
  /** Column and `= 'text'`. */
  conditions: readonly (readonly [column: number, condition: string])[];
}

const selectPairs: Structure<GenQueryInp['selects']> = {
  tag: 'InxIvalPair_PI',
  write(writer, pairs) {
    writer.beginStructure('InxIvalPair_PI');
    writer.integer('iiLen', pairs.length);
    writeArray(writer, pairs, ([column]) => writer.integer('inx', column));
    writeArray(writer, pairs, ([, option]) => writer.integer('ivalue', option));
    writer.endStructure('InxIvalPair_PI');
  },
  read(reader) {
    reader.beginStructure('InxIvalPair_PI');
    const count = reader.integer('iiLen');
    const columns = readArray(reader, 'inx', count, () => reader.integer('inx'));
    const options = readArray(reader, 'ivalue', count, () => reader.integer('ivalue'));
    reader.endStructure('InxIvalPair_PI');
    return columns.map((column, index) => [column, options[index] ?? 0] as const);
  },
};

const conditionPairs: Structure<GenQueryInp['conditions']> = {
  tag: 'InxValPair_PI',
  write(writer, pairs) {
    writer.beginStructure('InxValPair_PI');
    writer.integer('isLen', pairs.length);
    writeArray(writer, pairs, ([column]) => writer.integer('inx', column));
    writeArray(writer, pairs, ([, condition]) => writer.text('svalue', condition));
    writer.endStructure('InxValPair_PI');
  },
  read(reader) {
    reader.beginStructure('InxValPair_PI');
    const count = reader.integer('isLen');
    const columns = readArray(reader, 'inx', count, () => reader.integer('inx'));
    const conditions = readArray(reader, 'svalue', count, () => reader.text('svalue', undefined));
    reader.endStructure('InxValPair_PI');
    return columns.map((column, index) => [column, conditions[index] ?? ''] as const);
  },
};

export const genQueryInp: Structure<GenQueryInp> = structure<GenQueryInp>('GenQueryInp_PI', [
  integer('maxRows'),
  integer('continueInx'),
  integer('partialStartIndex'),
  integer('options'),
  nested('keyValues', keyValPair),
  nested('selects', selectPairs),
  nested('conditions', conditionPairs),
]);

/** A column of a page. */
export interface ResultColumn {
  /** Which column. */
  attriInx: number;
  /** Bytes that its longest value may have; informational. */
  reslen: number;
  /** One per row. */
  values: readonly string[];
}

/** A page of rows, column by column. */
export interface GenQueryOut {
  rowCnt: number;
  /** More than 0: there are more pages. */
  continueInx: number;
  totalRowCount: number;
  columns: readonly ResultColumn[];
}

const noColumn: ResultColumn = { attriInx: 0, reslen: 0, values: [] };

/** On the wire there are always 50 columns, those behind the last one empty. */
export const genQueryOut: Structure<GenQueryOut> = {
  tag: 'GenQueryOut_PI',
  write(writer, { rowCnt, continueInx, totalRowCount, columns }) {
    if (columns.length > queryColumnsMax) throw new PackingError(`at most ${queryColumnsMax} columns`);
    writer.beginStructure('GenQueryOut_PI');
    writer.integer('rowCnt', rowCnt);
    writer.integer('attriCnt', columns.length);
    writer.integer('continueInx', continueInx);
    writer.integer('totalRowCount', totalRowCount);
    for (let index = 0; index < queryColumnsMax; index++) {
      const { attriInx, reslen, values } = columns[index] ?? noColumn;
      writer.beginStructure('SqlResult_PI');
      writer.integer('attriInx', attriInx);
      writer.integer('reslen', reslen);
      writeArray(writer, values, (value) => writer.text('value', value));
      writer.endStructure('SqlResult_PI');
    }
    writer.endStructure('GenQueryOut_PI');
  },
  read(reader) {
    reader.beginStructure('GenQueryOut_PI');
    const rowCnt = reader.integer('rowCnt');
    const columnCount = reader.integer('attriCnt');
    const continueInx = reader.integer('continueInx');
    const totalRowCount = reader.integer('totalRowCount');
    const columns: ResultColumn[] = [];
    for (let index = 0; index < queryColumnsMax; index++) {
      reader.beginStructure('SqlResult_PI');
      const attriInx = reader.integer('attriInx');
      const reslen = reader.integer('reslen');
      const values = readSparseArray(reader, 'value', rowCnt, () => reader.text('value', undefined));
      reader.endStructure('SqlResult_PI');
      if (index < columnCount) columns.push({ attriInx, reslen, values });
    }
    reader.endStructure('GenQueryOut_PI');
    return { rowCnt, continueInx, totalRowCount, columns };
  },
};

/** The rows of a page: for each the value of every column by its number. */
export function rowsOf({ rowCnt, columns }: GenQueryOut): ReadonlyMap<number, string>[] {
  return Array.from(
    { length: rowCnt },
    (_, row) => new Map(columns.map(({ attriInx, values }) => [attriInx, values[row] ?? ''])),
  );
}

/** A query of the second kind, as text. */
export interface GenQuery2Inp {
  query_string?: string | undefined;
  /** Leave it out: an empty one is refused. */
  zone?: string | undefined;
  sql_only: number;
  column_mappings: number;
}

export const genQuery2Inp: Structure<GenQuery2Inp> = structure<GenQuery2Inp>('Genquery2Input_PI', [
  pointer('query_string'),
  pointer('zone'),
  integer('sql_only'),
  integer('column_mappings'),
]);

/** A query that the server knows by a name. */
export interface SpecificQueryInp {
  sql?: string | undefined;
  arg1?: string | undefined;
  arg2?: string | undefined;
  arg3?: string | undefined;
  arg4?: string | undefined;
  arg5?: string | undefined;
  arg6?: string | undefined;
  arg7?: string | undefined;
  arg8?: string | undefined;
  arg9?: string | undefined;
  arg10?: string | undefined;
  maxRows: number;
  continueInx: number;
  rowOffset: number;
  options: number;
  keyValues: KeyValues;
}

export const specificQueryInp: Structure<SpecificQueryInp> = structure<SpecificQueryInp>('specificQueryInp_PI', [
  pointer('sql'),
  pointer('arg1'),
  pointer('arg2'),
  pointer('arg3'),
  pointer('arg4'),
  pointer('arg5'),
  pointer('arg6'),
  pointer('arg7'),
  pointer('arg8'),
  pointer('arg9'),
  pointer('arg10'),
  integer('maxRows'),
  integer('continueInx'),
  integer('rowOffset'),
  integer('options'),
  nested('keyValues', keyValPair),
]);
