import { integer, nested, pointer, type Structure, structure, text } from '../packing/field.ts';
import { dimension } from './dimensions.ts';
import { type KeyValues, keyValPair } from './key-values.ts';

/** What a server says of itself, to anybody. */
export interface MiscSvrInfo {
  /** 1: it has the catalog. */
  serverType: number;
  serverBootTime: number;
  relVersion: string;
  apiVersion: string;
  rodsZone: string;
}

export const miscSvrInfo: Structure<MiscSvrInfo> = structure<MiscSvrInfo>('MiscSvrInfo_PI', [
  integer('serverType'),
  integer('serverBootTime'),
  text('relVersion', dimension.name),
  text('apiVersion', dimension.name),
  text('rodsZone', dimension.name),
]);

/** A change of metadata: `add`, `-d`, path, attribute, value, unit. */
export interface ModAvuMetadataInp {
  arg0?: string | undefined;
  arg1?: string | undefined;
  arg2?: string | undefined;
  arg3?: string | undefined;
  arg4?: string | undefined;
  arg5?: string | undefined;
  arg6?: string | undefined;
  arg7?: string | undefined;
  arg8?: string | undefined;
  arg9?: string | undefined;
  keyValues: KeyValues;
}

export const modAvuMetadataInp: Structure<ModAvuMetadataInp> = structure<ModAvuMetadataInp>('ModAVUMetadataInp_PI', [
  pointer('arg0'),
  pointer('arg1'),
  pointer('arg2'),
  pointer('arg3'),
  pointer('arg4'),
  pointer('arg5'),
  pointer('arg6'),
  pointer('arg7'),
  pointer('arg8'),
  pointer('arg9'),
  nested('keyValues', keyValPair),
]);

/** A change of who may do what. */
export interface ModAccessControlInp {
  recursiveFlag: number;
  /** `null`, `read`, `write`, `own`, `inherit`, `noinherit`. */
  accessLevel?: string | undefined;
  userName?: string | undefined;
  zone?: string | undefined;
  path?: string | undefined;
}

export const modAccessControlInp: Structure<ModAccessControlInp> = structure<ModAccessControlInp>(
  'modAccessControlInp_PI',
  [integer('recursiveFlag'), pointer('accessLevel'), pointer('userName'), pointer('zone'), pointer('path')],
);

/** `commit` or `rollback`; for administrators. */
export interface EndTransactionInp {
  arg0?: string | undefined;
  arg1?: string | undefined;
}

export const endTransactionInp: Structure<EndTransactionInp> = structure<EndTransactionInp>('endTransactionInp_PI', [
  pointer('arg0'),
  pointer('arg1'),
]);

/** With `session` and a ticket: this connection uses the ticket from now on. */
export interface TicketAdminInp {
  arg1?: string | undefined;
  arg2?: string | undefined;
  arg3?: string | undefined;
  arg4?: string | undefined;
  arg5?: string | undefined;
  arg6?: string | undefined;
  keyValues: KeyValues;
}

export const ticketAdminInp: Structure<TicketAdminInp> = structure<TicketAdminInp>('ticketAdminInp_PI', [
  pointer('arg1'),
  pointer('arg2'),
  pointer('arg3'),
  pointer('arg4'),
  pointer('arg5'),
  pointer('arg6'),
  nested('keyValues', keyValPair),
]);
