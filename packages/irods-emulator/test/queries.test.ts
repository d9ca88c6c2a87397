import { type IrodsEmulator, startIrodsEmulator } from '@libconveyor/irods-emulator';
import { column, type GenQueryInp, rowsOf, select, startsWith } from '@libconveyor/irods-protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawClient } from './raw-client.ts';

const home = '/tempZone/home/rods';
let emulator: IrodsEmulator;
let client: RawClient;
beforeEach(async () => {
  emulator = await startIrodsEmulator({
    users: [
      { name: 'rods', password: 'rods', type: 'rodsadmin' },
      { name: 'alice', password: 'alice' },
    ],
  });
  for (const name of ['a', 'b%', 'bc', "it's", 'z'])
    emulator.createObject(`${home}/${name}`, Buffer.alloc(name.length));
  client = await RawClient.login(emulator.port);
});
afterEach(async () => {
  await emulator.close();
});

const page = { maxRows: 256, continueInx: 0, partialStartIndex: 0, options: 0, keyValues: [] };

function names(condition: string, more: Partial<GenQueryInp> = {}): GenQueryInp {
  const selects = [[column.DATA_NAME, select.ascending]] as const;
  return { ...page, selects, conditions: [[column.DATA_NAME, condition]], ...more };
}

async function ask(query: GenQueryInp, of: RawClient = client): Promise<(string | undefined)[]> {
  const { code, output } = await of.call('genQuery', query);
  if (code === -808_000) return [];
  expect(code).toBe(0);
  const [[first] = [0]] = query.selects;
  return output === undefined ? [] : rowsOf(output).map((row) => row.get(first));
}

describe('a condition', () => {
  it.each([
    ["= 'a'", ['a']],
    ["<> 'a'", ['b%', 'bc', "it's", 'z']],
    ["like 'b%'", ['b%', 'bc']],
    ["like 'b\\%'", ['b%']],
    ["not like 'b%'", ['a', "it's", 'z']],
    ["in ('a','z')", ['a', 'z']],
    ["= 'it's'", ["it's"]],
    ["= 'a' || = 'z'", ['a', 'z']],
    ["like 'b%' && like '%c'", ['bc']],
    [startsWith('b%'), ['b%']],
    ["= 'none'", []],
  ])('%s finds what it means', async (condition, found) => {
    expect(await ask(names(condition))).toEqual(found);
  });

  it.each([
    ["= 'a' || 'b'", -806_000],
    ['nonsense', -816_000],
    ['= a', -816_000],
  ])('%s is refused', async (condition, code) => {
    expect((await client.call('genQuery', names(condition))).code).toBe(code);
  });

  it('on a column that there is not is refused', async () => {
    const query = { ...page, selects: [[9999, 1]] as const, conditions: [] };
    expect((await client.call('genQuery', query)).code).toBe(-823_000);
  });
});

describe('a result', () => {
  it('comes page by page, and may be left early', async () => {
    const query = names("<> ''", { maxRows: 2 });
    const first = await client.call('genQuery', query);
    expect(first.output).toMatchObject({ rowCnt: 2, continueInx: 1 });
    const next = { ...query, continueInx: first.output?.continueInx ?? 0 };
    expect(await ask(next)).toEqual(['bc', "it's"]);
    expect(await ask(next)).toEqual(['z']);
    expect((await client.call('genQuery', next)).code).toBe(-816_000);
    const again = await client.call('genQuery', query);
    expect(again.output).toMatchObject({ continueInx: 1 });
    expect((await client.call('genQuery', { ...next, maxRows: 0 })).output).toMatchObject({
      rowCnt: 0,
      continueInx: 0,
    });
    expect((await client.call('genQuery', next)).code).toBe(-816_000);
  });

  it('is ordered, counted and summed', async () => {
    const descending = names("<> ''", { selects: [[column.DATA_NAME, select.descending]] });
    expect(await ask(descending)).toEqual(['z', "it's", 'bc', 'b%', 'a']);
    expect(await ask(names("<> ''", { selects: [[column.DATA_ID, select.count]] }))).toEqual(['5']);
    expect(await ask(names("<> ''", { selects: [[column.DATA_SIZE, select.sum]] }))).toEqual(['10']);
    expect(await ask(names("<> ''", { selects: [[column.DATA_SIZE, select.max]] }))).toEqual(['4']);
    const { output } = await client.call('genQuery', names("<> ''", { options: 0x20, maxRows: 1 }));
    expect(output?.totalRowCount).toBe(5);
  });

  it('has no rows twice unless that is asked for', async () => {
    const types = { ...names("<> ''"), selects: [[column.DATA_TYPE_NAME, 1]] as const };
    expect(await ask(types)).toEqual(['generic']);
    expect(await ask({ ...types, options: 0x40 })).toHaveLength(5);
  });

  it('has only what may be read', async () => {
    const alice = await RawClient.login(emulator.port, 'alice');
    expect(await ask(names("<> ''"), alice)).toEqual([]);
    const collections = { ...page, selects: [[column.COLL_NAME, select.ascending]] as const, conditions: [] };
    const seen = await ask(collections, alice);
    expect(seen).toContain('/tempZone/home/alice');
    expect(seen).not.toContain(home);
  });
});

describe('the second kind of query', () => {
  it('lists what it is asked for, and refuses what it does not understand', async () => {
    const ask2 = async (query_string: string): Promise<[number, unknown]> => {
      const { code, output } = await client.call('genQuery2', { query_string, sql_only: 0, column_mappings: 0 });
      return [code, output === undefined ? undefined : (JSON.parse(output.myStr) as unknown)];
    };
    const where = `where COLL_NAME = '${home}'`;
    expect(await ask2(`select DATA_NAME, DATA_SIZE ${where} and DATA_NAME = 'it''s'`)).toEqual([0, [["it's", '4']]]);
    expect(await ask2(`select DATA_NAME ${where} order by DATA_NAME limit 2 offset 1`)).toEqual([0, [['b%'], ['bc']]]);
    expect(await ask2(`select DATA_NAME where DATA_NAME in ('a', 'z') order by DATA_NAME`)).toEqual([
      0,
      [['a'], ['z']],
    ]);
    expect(await ask2(`select DATA_NAME where DATA_NAME = 'none'`)).toEqual([0, []]);
    expect((await ask2('select NO_SUCH_COLUMN'))[0]).toBe(-130_000);
    expect((await ask2('drop table'))[0]).toBe(-167_000);
    const emptyZone = { query_string: 'select COLL_NAME', zone: '', sql_only: 0, column_mappings: 0 };
    expect((await client.call('genQuery2', emptyZone)).code).toBe(-26_000);
  });
});
