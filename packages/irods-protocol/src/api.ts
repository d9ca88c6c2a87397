import {
  type EndTransactionInp,
  endTransactionInp,
  type MiscSvrInfo,
  type ModAccessControlInp,
  type ModAvuMetadataInp,
  miscSvrInfo,
  modAccessControlInp,
  modAvuMetadataInp,
  type TicketAdminInp,
  ticketAdminInp,
} from './messages/administration.ts';
import { type CollInpNew, type CollOprStat, collInpNew, collOprStat } from './messages/collections.ts';
import {
  type DataObjCopyInp,
  type DataObjInp,
  dataObjCopyInp,
  dataObjInp,
  type OpenedDataObjInp,
  openedDataObjInp,
  type PortalOprOut,
  portalOprOut,
  type RodsObjStat,
  rodsObjStat,
  type SeekResult,
  seekResult,
  type TextResult,
  type TransferStat,
  textResult,
  transferStat,
} from './messages/data-objects.ts';
import {
  type GenQuery2Inp,
  type GenQueryInp,
  type GenQueryOut,
  genQuery2Inp,
  genQueryInp,
  genQueryOut,
  type SpecificQueryInp,
  specificQueryInp,
} from './messages/gen-query.ts';
import { type BytesBuffer, binBytesBuf } from './messages/json-buffer.ts';
import {
  type AuthPlugReqInp,
  type AuthPlugReqOut,
  type AuthRequestOut,
  type AuthResponseInp,
  authPlugReqInp,
  authPlugReqOut,
  authRequestOut,
  authResponseInp,
  type PamAuthRequestInp,
  type PamAuthRequestOut,
  pamAuthRequestInp,
  pamAuthRequestOut,
  type SslStartInp,
  sslEndInp,
  sslStartInp,
} from './messages/login.ts';
import type { Structure } from './packing/field.ts';
import { isAtLeast, type ServerVersion, version } from './server-version.ts';

/** An API of servers: its number, and what its requests and replies carry. */
export interface Api<Input = unknown, Output = unknown> {
  readonly number: number;
  readonly name: string;
  /** Of the body of requests; undefined when they have none. */
  readonly input: Structure<Input> | undefined;
  /** Of the body of successful replies. */
  readonly output: Structure<Output> | undefined;
  /** Whether requests have a stream of bytes. */
  readonly takesBytes: boolean;
  /** The first version that has it. Newer servers answer unknown numbers with silence. */
  readonly since: ServerVersion;
}

interface ApiSettings {
  takesBytes?: boolean;
  since?: ServerVersion;
}

function api<Input, Output>(
  number: number,
  name: string,
  input: Structure<Input> | undefined,
  output: Structure<Output> | undefined,
  { takesBytes = false, since = version(0, 0, 0) }: ApiSettings = {},
): Api<Input, Output> {
  return { number, name, input, output, takesBytes, since };
}

/** The APIs that clients of data use. */
export const apis: {
  readonly dataObjCreate: Api<DataObjInp, undefined>;
  readonly dataObjOpen: Api<DataObjInp, undefined>;
  readonly dataObjPut: Api<DataObjInp, PortalOprOut>;
  readonly dataObjGet: Api<DataObjInp, PortalOprOut>;
  readonly dataObjUnlink: Api<DataObjInp, undefined>;
  readonly dataObjRename: Api<DataObjCopyInp, undefined>;
  readonly dataObjChecksum: Api<DataObjInp, TextResult>;
  readonly dataObjTrim: Api<DataObjInp, undefined>;
  readonly objStat: Api<DataObjInp, RodsObjStat>;
  readonly dataObjTruncate: Api<DataObjInp, undefined>;
  readonly dataObjClose: Api<OpenedDataObjInp, undefined>;
  readonly dataObjSeek: Api<OpenedDataObjInp, SeekResult>;
  readonly dataObjRead: Api<OpenedDataObjInp, undefined>;
  readonly dataObjWrite: Api<OpenedDataObjInp, undefined>;
  readonly removeCollection: Api<CollInpNew, CollOprStat>;
  readonly createCollection: Api<CollInpNew, undefined>;
  readonly dataObjReplicate: Api<DataObjInp, TransferStat>;
  readonly dataObjCopy: Api<DataObjCopyInp, TransferStat>;
  readonly dataObjMove: Api<DataObjInp, TransferStat>;
  readonly serverInfo: Api<undefined, MiscSvrInfo>;
  readonly genQuery: Api<GenQueryInp, GenQueryOut>;
  readonly authRequest: Api<undefined, AuthRequestOut>;
  readonly authResponse: Api<AuthResponseInp, undefined>;
  readonly modifyMetadata: Api<ModAvuMetadataInp, undefined>;
  readonly modifyAccess: Api<ModAccessControlInp, undefined>;
  readonly endTransaction: Api<EndTransactionInp, undefined>;
  readonly specificQuery: Api<SpecificQueryInp, GenQueryOut>;
  readonly ticketAdmin: Api<TicketAdminInp, undefined>;
  readonly pamAuthRequest: Api<PamAuthRequestInp, PamAuthRequestOut>;
  readonly replicaTruncate: Api<DataObjInp, TextResult>;
  readonly sslStart: Api<SslStartInp, undefined>;
  readonly sslEnd: Api<SslStartInp, undefined>;
  readonly authPlugRequest: Api<AuthPlugReqInp, AuthPlugReqOut>;
  readonly resourceForOperation: Api<DataObjInp, TextResult>;
  readonly genQuery2: Api<GenQuery2Inp, TextResult>;
  readonly descriptorInfo: Api<BytesBuffer, BytesBuffer>;
  readonly atomicMetadata: Api<BytesBuffer, BytesBuffer>;
  readonly replicaOpen: Api<DataObjInp, BytesBuffer>;
  readonly replicaClose: Api<BytesBuffer, undefined>;
  readonly touch: Api<BytesBuffer, undefined>;
  readonly authentication: Api<BytesBuffer, BytesBuffer>;
} = {
  dataObjCreate: api(601, 'DATA_OBJ_CREATE', dataObjInp, undefined),
  dataObjOpen: api(602, 'DATA_OBJ_OPEN', dataObjInp, undefined),
  dataObjPut: api(606, 'DATA_OBJ_PUT', dataObjInp, portalOprOut, { takesBytes: true }),
  dataObjGet: api(608, 'DATA_OBJ_GET', dataObjInp, portalOprOut),
  dataObjUnlink: api(615, 'DATA_OBJ_UNLINK', dataObjInp, undefined),
  dataObjRename: api(627, 'DATA_OBJ_RENAME', dataObjCopyInp, undefined),
  dataObjChecksum: api(629, 'DATA_OBJ_CHKSUM', dataObjInp, textResult),
  dataObjTrim: api(632, 'DATA_OBJ_TRIM', dataObjInp, undefined),
  objStat: api(633, 'OBJ_STAT', dataObjInp, rodsObjStat),
  dataObjTruncate: api(652, 'DATA_OBJ_TRUNCATE', dataObjInp, undefined),
  dataObjClose: api(673, 'DATA_OBJ_CLOSE', openedDataObjInp, undefined),
  dataObjSeek: api(674, 'DATA_OBJ_LSEEK', openedDataObjInp, seekResult),
  dataObjRead: api(675, 'DATA_OBJ_READ', openedDataObjInp, undefined),
  dataObjWrite: api(676, 'DATA_OBJ_WRITE', openedDataObjInp, undefined, { takesBytes: true }),
  removeCollection: api(679, 'RM_COLL', collInpNew, collOprStat),
  createCollection: api(681, 'COLL_CREATE', collInpNew, undefined),
  dataObjReplicate: api(695, 'DATA_OBJ_REPL', dataObjInp, transferStat),
  dataObjCopy: api(696, 'DATA_OBJ_COPY', dataObjCopyInp, transferStat),
  dataObjMove: api(697, 'DATA_OBJ_PHYMV', dataObjInp, transferStat),
  serverInfo: api(700, 'GET_MISC_SVR_INFO', undefined, miscSvrInfo),
  genQuery: api(702, 'GEN_QUERY', genQueryInp, genQueryOut),
  authRequest: api(703, 'AUTH_REQUEST', undefined, authRequestOut),
  authResponse: api(704, 'AUTH_RESPONSE', authResponseInp, undefined),
  modifyMetadata: api(706, 'MOD_AVU_METADATA', modAvuMetadataInp, undefined),
  modifyAccess: api(707, 'MOD_ACCESS_CONTROL', modAccessControlInp, undefined),
  endTransaction: api(718, 'END_TRANSACTION', endTransactionInp, undefined),
  specificQuery: api(722, 'SPECIFIC_QUERY', specificQueryInp, genQueryOut),
  ticketAdmin: api(723, 'TICKET_ADMIN', ticketAdminInp, undefined),
  pamAuthRequest: api(725, 'PAM_AUTH_REQUEST', pamAuthRequestInp, pamAuthRequestOut),
  replicaTruncate: api(802, 'REPLICA_TRUNCATE', dataObjInp, textResult, { since: version(4, 3, 2) }),
  sslStart: api(1100, 'SSL_START', sslStartInp, undefined),
  sslEnd: api(1101, 'SSL_END', sslEndInp, undefined),
  authPlugRequest: api(1201, 'AUTH_PLUG_REQ', authPlugReqInp, authPlugReqOut),
  resourceForOperation: api(10220, 'GET_RESOURCE_INFO_FOR_OPERATION', dataObjInp, textResult, {
    since: version(4, 3, 1),
  }),
  genQuery2: api(10221, 'GENQUERY2', genQuery2Inp, textResult, { since: version(4, 3, 2) }),
  descriptorInfo: api(20000, 'GET_FILE_DESCRIPTOR_INFO', binBytesBuf, binBytesBuf, { since: version(4, 2, 9) }),
  atomicMetadata: api(20002, 'ATOMIC_APPLY_METADATA_OPERATIONS', binBytesBuf, binBytesBuf, {
    since: version(4, 2, 9),
  }),
  replicaOpen: api(20003, 'REPLICA_OPEN', dataObjInp, binBytesBuf, { since: version(4, 2, 9) }),
  replicaClose: api(20004, 'REPLICA_CLOSE', binBytesBuf, undefined, { since: version(4, 2, 9) }),
  touch: api(20007, 'TOUCH', binBytesBuf, undefined, { since: version(4, 2, 9) }),
  authentication: api(110000, 'AUTHENTICATION', binBytesBuf, binBytesBuf, { since: version(4, 3, 0) }),
};

/** The name of an API in {@link apis}. */
export type ApiName = keyof typeof apis;

const byNumber: ReadonlyMap<number, readonly [ApiName, Api]> = new Map(
  Object.entries(apis).map(([name, one]) => [one.number, [name as ApiName, one as Api]]),
);

/** The API of a number, or undefined. */
export function findApi(number: number): Api | undefined {
  return byNumber.get(number)?.[1];
}

/** The name in {@link apis} of a number, or undefined. */
export function apiNameOf(number: number): ApiName | undefined {
  return byNumber.get(number)?.[0];
}

/** Whether a server of that version has an API. */
export function hasApi(server: ServerVersion, { since }: Pick<Api, 'since'>): boolean {
  return isAtLeast(server, since);
}
