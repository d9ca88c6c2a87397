import type { Api, ApiName, apis } from '@libconveyor/irods-protocol';
import { genQuery } from '../queries/gen-query.ts';
import { genQuery2 } from '../queries/gen-query2.ts';
import { dataObjReplicate, endTransaction, modifyAccess, serverInfo, ticketAdmin } from './administration.ts';
import type { ApiHandler } from './api-call.ts';
import {
  dataObjClose,
  dataObjCreate,
  dataObjOpen,
  dataObjRead,
  dataObjSeek,
  dataObjWrite,
  descriptorInfo,
  replicaClose,
  replicaOpen,
} from './descriptors.ts';
import { authentication, authPlugRequest, authRequest, authResponse, pamAuthRequest } from './logins.ts';
import { createCollection, dataObjRename, dataObjUnlink, removeCollection, touch } from './namespace.ts';
import { dataObjChecksum, dataObjGet, dataObjPut, dataObjTruncate, objStat, replicaTruncate } from './whole-objects.ts';

type Handlers = {
  readonly [Name in ApiName]?: (typeof apis)[Name] extends Api<infer Input, infer Output>
    ? ApiHandler<Input, Output>
    : never;
};

/** What this server serves. Everything else is unknown to it. */
export const handlers: Handlers = {
  dataObjCreate,
  dataObjOpen,
  dataObjPut,
  dataObjGet,
  dataObjUnlink,
  dataObjRename,
  dataObjChecksum,
  objStat,
  dataObjTruncate,
  dataObjClose,
  dataObjSeek,
  dataObjRead,
  dataObjWrite,
  removeCollection,
  createCollection,
  dataObjReplicate,
  serverInfo,
  genQuery,
  authRequest,
  authResponse,
  modifyAccess,
  endTransaction,
  ticketAdmin,
  pamAuthRequest,
  replicaTruncate,
  authPlugRequest,
  genQuery2,
  descriptorInfo,
  replicaOpen,
  replicaClose,
  touch,
  authentication,
};

/** What is served before the login. */
export const openToAll: ReadonlySet<ApiName> = new Set<ApiName>([
  'serverInfo',
  'authRequest',
  'authResponse',
  'authentication',
  'authPlugRequest',
  'pamAuthRequest',
  'sslStart',
  'sslEnd',
]);

/** APIs that have a handler, and those that the connection itself serves. */
export const servedApis: readonly ApiName[] = [...(Object.keys(handlers) as ApiName[]), 'sslStart'];
