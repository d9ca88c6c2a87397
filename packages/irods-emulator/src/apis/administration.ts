import {
  apiNameOf,
  conditionOf,
  type DataObjInp,
  type EndTransactionInp,
  keyword,
  type MiscSvrInfo,
  type ModAccessControlInp,
  relVersionOf,
  replicaStatus,
  type TicketAdminInp,
  type TransferStat,
} from '@libconveyor/irods-protocol';
import { type AccessLevel, accessLevels, type Collection, type DataObject, isCollection } from '../catalog/entries.ts';
import { trimSlashes } from '../catalog/paths.ts';
import { mayAccess } from '../catalog/permissions.ts';
import { hierarchyOf } from '../catalog/resources.ts';
import { IrodsFailure } from '../irods-failure.ts';
import { copyReplica } from '../objects/close.ts';
import { selectReplica, vote } from '../objects/open.ts';
import { isLocked } from '../objects/zone-state.ts';
import type { ApiCall, ApiReply } from './api-call.ts';

/** GET_MISC_SVR_INFO: for anybody. */
export function serverInfo({ zone }: ApiCall<undefined>): ApiReply<MiscSvrInfo> {
  const relVersion = relVersionOf(zone.version);
  const rodsZone = zone.catalog.zone;
  return {
    output: { serverType: 1, serverBootTime: zone.catalog.root.createdS, relVersion, apiVersion: 'd', rodsZone },
  };
}

/** MOD_ACCESS_CONTROL */
export function modifyAccess({ zone, person, input }: ApiCall<ModAccessControlInp>): ApiReply<undefined> {
  const { recursiveFlag, userName = '', path = '' } = input;
  const level = (input.accessLevel ?? '').replace(/^admin:/, '');
  const asAdmin = input.accessLevel?.startsWith('admin:') === true;
  const entry = zone.catalog.find(trimSlashes(path));
  if (entry === undefined) throw new IrodsFailure('CAT_UNKNOWN_COLLECTION');
  if (!mayAccess(entry, person, 'own', { asAdmin })) throw new IrodsFailure('CAT_NO_ACCESS_PERMISSION');
  const entries: (Collection | DataObject)[] = [entry];
  if (recursiveFlag !== 0 && isCollection(entry)) {
    entries.push(...zone.catalog.collections(entry), ...zone.catalog.objects(entry));
  }
  for (const one of entries)
    setAccess(zone.users.find(userName) !== undefined || userName === 'public', one, level, userName);
  for (const one of entries) zone.catalog.keeper.save(one);
  return {};
}

function setAccess(isUser: boolean, entry: Collection | DataObject, level: string, user: string): void {
  if (level === 'inherit' || level === 'noinherit') {
    if (isCollection(entry)) entry.inherits = level === 'inherit';
    return;
  }
  if (!isUser) throw new IrodsFailure('CAT_INVALID_USER');
  const name = { 'read object': 'read', 'modify object': 'write' }[level] ?? level;
  if (!(accessLevels as readonly string[]).includes(name)) throw new IrodsFailure('CAT_INVALID_ARGUMENT');
  if (name === 'null') entry.access.delete(user);
  else entry.access.set(user, name as AccessLevel);
}

/** END_TRANSACTION */
export function endTransaction({ session, person, input }: ApiCall<EndTransactionInp>): ApiReply<undefined> {
  if (!person.isAdmin) throw new IrodsFailure('SYS_NO_API_PRIV');
  if (input.arg0 === 'rollback') session.rollback?.();
  session.rollback = undefined;
  return {};
}

/** TICKET_ADMIN: only the choice of a ticket for the session. */
export function ticketAdmin({ person, input }: ApiCall<TicketAdminInp>): ApiReply<undefined> {
  if (input.arg1 !== 'session') throw new IrodsFailure('SYS_NOT_SUPPORTED', `${apiNameOf(723)} ${input.arg1 ?? ''}`);
  person.ticket = input.arg2;
  return {};
}

/** DATA_OBJ_REPL: one more replica, on another resource. */
export function dataObjReplicate({ zone, person, input }: ApiCall<DataObjInp>): ApiReply<TransferStat> {
  const object = zone.catalog.findObject(input.objPath);
  if (object === undefined || !mayAccess(object, person, 'read')) throw new IrodsFailure('CAT_NO_ROWS_FOUND');
  if (isLocked(object)) throw new IrodsFailure('LOCKED_DATA_OBJECT_ACCESS');
  const name = conditionOf(input.keyValues, keyword.destinationResource);
  if (name === undefined) throw new IrodsFailure('USER_INCOMPATIBLE_PARAMS');
  const leaf = zone.resources.leavesOf(zone.resources.requireRoot(name))[0];
  const hierarchy = hierarchyOf(leaf ?? zone.resources.require(name));
  if (!zone.resources.isUp(hierarchy)) throw new IrodsFailure('SYS_RESC_IS_DOWN');
  const source = selectReplica(zone, object, { ...input, keyValues: [] }) ?? vote(zone, object);
  const known = object.replicas.find((replica) => replica.hierarchy === hierarchy);
  if (known !== undefined && known.status === replicaStatus.good) return { output: transferOf(0) };
  const target = known ?? zone.catalog.makeReplica(object, hierarchy, source.mode);
  copyReplica(source, target, zone.catalog.nowS());
  zone.catalog.keeper.save(object);
  return { output: transferOf(source.size) };
}

function transferOf(bytesWritten: number): TransferStat {
  return { numThreads: 0, flags: 0, bytesWritten };
}
