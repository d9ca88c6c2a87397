import {
  conditionOf,
  type DataObjInp,
  isAtLeast,
  keyword,
  openFlags,
  type PortalOprOut,
  type RodsObjStat,
  replicaStatus,
  type TextResult,
  version,
} from '@libconveyor/irods-protocol';
import { type DataObject, isCollection, type Replica } from '../catalog/entries.ts';
import { trimSlashes } from '../catalog/paths.ts';
import { includes, mayAccess } from '../catalog/permissions.ts';
import { IrodsFailure } from '../irods-failure.ts';
import { checksumOf } from '../objects/checksums.ts';
import { closeObject } from '../objects/close.ts';
import { openObject, selectReplica, vote } from '../objects/open.ts';
import { isLocked, requireRoom } from '../objects/zone-state.ts';
import type { ApiCall, ApiReply } from './api-call.ts';
import { seconds } from './times.ts';

const noPortal: PortalOprOut = {
  status: 0,
  l1descInx: 0,
  numThreads: 0,
  chksum: '',
  portList: { portNum: 0, cookie: 0, sock: 0, windowSize: 0, hostAddr: '' },
};
/** Objects up to this are put and got in one request, bytes. */
const singleBufferMax = 32 * 1024 ** 2;

/** DATA_OBJ_PUT with its data in the request. */
export function dataObjPut(call: ApiCall<DataObjInp>): ApiReply<PortalOprOut> {
  const { zone, session, person, input, bytes } = call;
  const { keyValues, objPath } = input;
  if (conditionOf(keyValues, keyword.dataIncluded) === undefined) throw new IrodsFailure('SYS_NOT_SUPPORTED');
  if (zone.catalog.findObject(objPath) !== undefined && conditionOf(keyValues, keyword.force) === undefined) {
    throw new IrodsFailure('OVERWRITE_WITHOUT_FORCE_FLAG');
  }
  requireRoom(zone, bytes.length);
  const fd = session.descriptors.reserve();
  const flags = openFlags.create | openFlags.writeOnly | openFlags.truncate;
  const opened = { ...input, openFlags: flags, dataSize: -1 };
  const descriptor = openObject(zone, { agentId: session.agentId, person, fd }, opened);
  descriptor.replica.file.write(0, bytes);
  descriptor.bytesWritten = bytes.length;
  closeObject(zone, session.agentId, descriptor);
  if (conditionOf(keyValues, keyword.registerChecksum) !== undefined) {
    descriptor.replica.checksum = checksumOf(descriptor.replica, zone.hashScheme);
    zone.catalog.keeper.save(descriptor.object);
  }
  return {};
}

/** DATA_OBJ_GET of what fits into a reply. */
export function dataObjGet({ zone, session, person, input }: ApiCall<DataObjInp>): ApiReply<PortalOprOut> {
  const opener = { agentId: session.agentId, person, fd: session.descriptors.reserve() };
  const { replica } = openObject(zone, opener, { ...input, openFlags: openFlags.readOnly });
  if (replica.size > singleBufferMax) throw new IrodsFailure('SYS_NOT_SUPPORTED');
  const bytes = replica.file.read(0, replica.size);
  return { intInfo: bytes.length, output: noPortal, bytes };
}

/** OBJ_STAT */
export function objStat({ zone, person, input }: ApiCall<DataObjInp>): ApiReply<RodsObjStat> {
  const wanted = conditionOf(input.keyValues, keyword.objectType);
  const path = trimSlashes(input.objPath);
  const found = zone.catalog.find(path);
  const isWanted = wanted === undefined || found === undefined || isCollection(found) === (wanted === 'collection');
  const asAdmin = conditionOf(input.keyValues, keyword.admin) !== undefined;
  const isVisible = (): boolean =>
    found !== undefined &&
    (mayAccess(found, person, 'read', { asAdmin }) ||
      (person.ticket !== undefined && includes(zone.tickets.accessBy(person.ticket, path, false), 'read')));
  if (found === undefined || !isWanted || !isVisible()) throw new IrodsFailure('USER_FILE_DOES_NOT_EXIST');
  const common = { ownerName: found.owner, ownerZone: zone.catalog.zone, dataId: String(found.id) };
  const times = { createTime: seconds(found.createdS), modifyTime: seconds(found.modifiedS) };
  if (isCollection(found)) {
    return { intInfo: 2, output: { objSize: 0, objType: 2, dataMode: 0, chksum: '', ...common, ...times } };
  }
  // The first replica that is not stale, which may be one that is being written.
  const shown = found.replicas.find(({ status }) => status !== replicaStatus.stale) ?? (found.replicas[0] as Replica);
  const { size, mode, checksum, createdS, modifiedS } = shown;
  const own = { objSize: size, objType: 1, dataMode: mode, chksum: checksum };
  return { intInfo: 1, output: { ...own, ...common, createTime: seconds(createdS), modifyTime: seconds(modifiedS) } };
}

/** DATA_OBJ_CHKSUM: reads, computes or verifies. */
export function dataObjChecksum({ zone, person, input }: ApiCall<DataObjInp>): ApiReply<TextResult> {
  const { keyValues } = input;
  const object = requireVisible({ zone, person, input }, 'CAT_NO_ROWS_FOUND');
  if (isLocked(object)) throw new IrodsFailure('HIERARCHY_ERROR');
  const selected = selectReplica(zone, object, input);
  const replicas =
    conditionOf(keyValues, keyword.checksumAll) !== undefined ? object.replicas : [selected ?? vote(zone, object)];
  if (conditionOf(keyValues, keyword.verifyChecksum) !== undefined) return verify(zone.hashScheme, replicas);
  for (const replica of replicas) {
    if (replica.checksum !== '' && conditionOf(keyValues, keyword.forceChecksum) === undefined) continue;
    replica.checksum = checksumOf(replica, zone.hashScheme);
  }
  zone.catalog.keeper.save(object);
  return { output: { myStr: replicas[0]?.checksum ?? '' } };
}

function verify(scheme: 'sha2' | 'md5', replicas: readonly Replica[]): ApiReply<TextResult> {
  const wrong = replicas.filter((replica) => {
    const algorithm = /^[0-9a-f]{32}$/.test(replica.checksum) ? 'md5' : scheme;
    return replica.checksum === '' || checksumOf(replica, algorithm) !== replica.checksum;
  });
  if (wrong.length === 0) return { output: { myStr: '' } };
  const results = wrong.map(({ number, checksum, hierarchy }) => ({
    error_code: checksum === '' ? -862_000 : -314_000,
    message: `${checksum === '' ? 'no checksum' : 'another checksum'} of replica ${number} [${hierarchy}]`,
    severity: 'error',
  }));
  return { intInfo: -407_000, output: { myStr: JSON.stringify(results) } };
}

function requireVisible(
  { zone, person, input }: Pick<ApiCall<DataObjInp>, 'zone' | 'person' | 'input'>,
  missing: 'CAT_NO_ROWS_FOUND' | 'OBJ_PATH_DOES_NOT_EXIST',
): DataObject {
  const found = zone.catalog.findObject(input.objPath);
  const asAdmin = conditionOf(input.keyValues, keyword.admin) !== undefined;
  if (found === undefined || !mayAccess(found, person, 'read', { asAdmin })) throw new IrodsFailure(missing);
  return found;
}

/** REPLICA_TRUNCATE: one replica, never a locked one. */
export function replicaTruncate({ zone, person, input }: ApiCall<DataObjInp>): ApiReply<TextResult> {
  const nulls = { resource_hierarchy: null, replica_number: null };
  const fail = (code: number): ApiReply<TextResult> => ({
    intInfo: code,
    output: { myStr: JSON.stringify({ ...nulls, message: new IrodsFailure(code).message }) },
  });
  try {
    if (conditionOf(input.keyValues, keyword.destinationResource) !== undefined) return fail(-402_000);
    const object = requireVisible({ zone, person, input }, 'OBJ_PATH_DOES_NOT_EXIST');
    if (!mayAccess(object, person, 'write')) return fail(-818_000);
    if (input.dataSize < 0) return fail(-529_022);
    if (isLocked(object)) return fail(-1_803_000);
    const replica = selectReplica(zone, object, input) ?? vote(zone, object);
    truncate({ zone, input }, object, replica);
    for (const other of object.replicas) if (other !== replica) other.status = replicaStatus.stale;
    zone.catalog.keeper.save(object);
    const done = { resource_hierarchy: replica.hierarchy, replica_number: replica.number, message: '' };
    return { output: { myStr: JSON.stringify(done) } };
  } catch (thrown) {
    if (thrown instanceof IrodsFailure) return fail(thrown.code);
    throw thrown;
  }
}

function truncate(
  { zone, input }: Pick<ApiCall<DataObjInp>, 'zone' | 'input'>,
  object: DataObject,
  replica: Replica,
): void {
  if (replica.size === input.dataSize && replica.file.size === input.dataSize) return;
  replica.file.truncate(input.dataSize);
  replica.size = input.dataSize;
  replica.checksum = '';
  replica.modifiedS = zone.catalog.nowS();
  object.modifiedS = replica.modifiedS;
}

/** DATA_OBJ_TRUNCATE: all replicas, without a look at locks. */
export function dataObjTruncate({ zone, person, input }: ApiCall<DataObjInp>): ApiReply<undefined> {
  const object = requireVisible({ zone, person, input }, 'OBJ_PATH_DOES_NOT_EXIST');
  if (!mayAccess(object, person, 'write')) throw new IrodsFailure('CAT_NO_ACCESS_PERMISSION');
  if (input.dataSize < 0) throw new IrodsFailure(-529_022);
  for (const replica of object.replicas) truncate({ zone, input }, object, replica);
  zone.catalog.keeper.save(object);
  if (!isAtLeast(zone.version, version(4, 3, 2))) return {};
  return { messages: [{ status: -3_001_000, msg: 'DATA_OBJ_TRUNCATE is deprecated: use REPLICA_TRUNCATE' }] };
}
