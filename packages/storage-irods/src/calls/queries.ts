import { column, equalTo, type GenQueryInp, queryRowsMax, rowsOf, select } from '@libconveyor/irods-protocol';
import type { Connection } from '../connection/connection.ts';
import { hasCode } from '../connection/failure.ts';
import type { IrodsPath } from '../paths.ts';

/** One replica of a data object, as the catalog has it. */
export interface ReplicaRow {
  readonly name: string;
  readonly dataId: string;
  readonly number: number;
  readonly size: number;
  /** Of `replicaStatus`. */
  readonly status: number;
  readonly modifiedS: number;
  /** The catalog's text; empty when there is none. */
  readonly checksum: string;
  readonly hierarchy: string;
}

/** A collection. */
export interface CollectionRow {
  readonly path: string;
  readonly id: string;
  readonly modifiedS: number;
}

type Row = ReadonlyMap<number, string>;
type Conditions = GenQueryInp['conditions'];

const replicaColumns = [
  column.DATA_NAME,
  column.DATA_ID,
  column.DATA_REPL_NUM,
  column.DATA_SIZE,
  column.DATA_REPL_STATUS,
  column.DATA_MODIFY_TIME,
  column.DATA_CHECKSUM,
  column.DATA_RESC_HIER,
] as const;
const collectionColumns = [column.COLL_NAME, column.COLL_ID, column.COLL_MODIFY_TIME] as const;

/** The replicas of a data object; none when there is no such object, or it may not be seen. */
export async function replicasOf(connection: Connection, { parent, name }: IrodsPath): Promise<ReplicaRow[]> {
  if (name === '') return [];
  const conditions: Conditions = [
    [column.COLL_NAME, equalTo(parent)],
    [column.DATA_NAME, equalTo(name)],
  ];
  const rows: ReplicaRow[] = [];
  for await (const row of query(connection, replicaColumns, conditions)) rows.push(replicaOf(row));
  return rows;
}

/** A collection, or undefined. */
export async function findCollection(connection: Connection, path: string): Promise<CollectionRow | undefined> {
  for await (const row of query(connection, collectionColumns, [[column.COLL_NAME, equalTo(path)]])) {
    return collectionOf(row);
  }
  return undefined;
}

/** The replicas of all data objects in a collection, those of one object together. */
export async function* replicasIn(connection: Connection, path: string): AsyncGenerator<ReplicaRow> {
  const conditions: Conditions = [[column.COLL_NAME, equalTo(path)]];
  for await (const row of query(connection, replicaColumns, conditions)) yield replicaOf(row);
}

/** The collections in a collection. */
export async function* collectionsIn(connection: Connection, path: string): AsyncGenerator<CollectionRow> {
  for await (const row of query(connection, collectionColumns, [[column.COLL_PARENT_NAME, equalTo(path)]])) {
    const found = collectionOf(row);
    // The root is its own parent.
    if (found.path !== path) yield found;
  }
}

async function* query(connection: Connection, columns: readonly number[], conditions: Conditions): AsyncGenerator<Row> {
  let continueInx = 0;
  const ask = (maxRows: number) =>
    connection.call('genQuery', {
      maxRows,
      continueInx,
      partialStartIndex: 0,
      options: 0,
      keyValues: [],
      selects: columns.map(
        (number, index) => [number, index === 0 ? select.plain | select.ascending : select.plain] as const,
      ),
      conditions,
    });
  try {
    do {
      const { output } = await ask(queryRowsMax);
      if (output === undefined) return;
      continueInx = output.continueInx;
      yield* rowsOf(output);
    } while (continueInx > 0);
  } catch (thrown) {
    continueInx = 0;
    // No rows, or none any more.
    if (!hasCode(thrown, -808_000)) throw thrown;
  } finally {
    if (continueInx > 0 && connection.isUsable) await ask(0).catch(() => undefined);
  }
}

function replicaOf(row: Row): ReplicaRow {
  const text = (number: number): string => row.get(number) ?? '';
  return {
    name: text(column.DATA_NAME),
    dataId: text(column.DATA_ID),
    number: Number(text(column.DATA_REPL_NUM)),
    size: Number(text(column.DATA_SIZE)),
    status: Number(text(column.DATA_REPL_STATUS)),
    modifiedS: Number(text(column.DATA_MODIFY_TIME)),
    checksum: text(column.DATA_CHECKSUM),
    hierarchy: text(column.DATA_RESC_HIER),
  };
}

function collectionOf(row: Row): CollectionRow {
  return {
    path: row.get(column.COLL_NAME) ?? '',
    id: row.get(column.COLL_ID) ?? '',
    modifiedS: Number(row.get(column.COLL_MODIFY_TIME)),
  };
}
