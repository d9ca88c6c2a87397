import {
  type BytesBuffer,
  type CollInpNew,
  type CollOprStat,
  conditionOf,
  type DataObjCopyInp,
  type DataObjInp,
  isSplitByServers,
  keyword,
  operationType,
  parseJsonBuffer,
  replicaStatus,
} from '@libconveyor/irods-protocol';
import { type Collection, type DataObject, isCollection } from '../catalog/entries.ts';
import { splitPath, trimSlashes, zoneOf } from '../catalog/paths.ts';
import { mayAccess, type Person } from '../catalog/permissions.ts';
import { hierarchyOf } from '../catalog/resources.ts';
import { IrodsFailure } from '../irods-failure.ts';
import { requireMayCreate } from '../objects/open.ts';
import { isLocked, type ZoneState } from '../objects/zone-state.ts';
import type { ApiCall, ApiReply } from './api-call.ts';

/** After so many objects a recursive removal says how far it is. */
const progressEvery = 10;

/** DATA_OBJ_UNLINK: to the trash, or with force for ever. */
export function dataObjUnlink({ zone, session, person, input }: ApiCall<DataObjInp>): ApiReply<undefined> {
  const { objPath, keyValues, oprType } = input;
  const asAdmin = conditionOf(keyValues, keyword.admin) !== undefined;
  const object = zone.catalog.findObject(objPath);
  if (object === undefined || !mayAccess(object, person, 'read', { asAdmin }))
    throw new IrodsFailure('CAT_NO_ROWS_FOUND');
  if (!mayAccess(object, person, 'own', { asAdmin })) throw new IrodsFailure('CAT_NO_ACCESS_PERMISSION');
  const isForced = conditionOf(keyValues, keyword.force) !== undefined;
  if (isLocked(object)) throw new IrodsFailure(isForced ? 'LOCKED_DATA_OBJECT_ACCESS' : 'HIERARCHY_ERROR');
  if (isForced || oprType === operationType.unregister || isInTrash(zone, objPath)) zone.catalog.removeObject(object);
  else moveToTrash(zone, person, object);
  session.rollback = undefined;
  return {};
}

function isInTrash({ catalog }: ZoneState, path: string): boolean {
  return path.startsWith(`/${catalog.zone}/trash/`);
}

function moveToTrash({ catalog }: ZoneState, { user }: Person, entry: DataObject | Collection): void {
  const path = catalog.pathOf(entry);
  const home = `/${catalog.zone}/home/${user}`;
  const inside = path.startsWith(`${home}/`) ? path.slice(home.length) : path.slice(catalog.zone.length + 1);
  const target = splitPath(`/${catalog.zone}/trash/home/${user}${inside}`);
  const parent = catalog.ensureCollection(target.parent, user);
  let name = target.name;
  while (parent.collections.has(name) || parent.objects.has(name)) name = `${target.name}.${catalog.newId()}`;
  catalog.move(entry, parent, name);
}

/** DATA_OBJ_RENAME: in two steps when both the name and the collection change. */
export function dataObjRename({ zone, session, person, input }: ApiCall<DataObjCopyInp>): ApiReply<undefined> {
  const { source, destination } = input;
  const { catalog } = zone;
  const from = trimSlashes(source.objPath);
  const to = trimSlashes(destination.objPath);
  if (from === to) throw new IrodsFailure('SAME_SRC_DEST_PATHS_ERR');
  if (zoneOf(to) !== zoneOf(from)) throw new IrodsFailure('SYS_CROSS_ZONE_MV_NOT_SUPPORTED');
  const asAdmin = conditionOf(source.keyValues, keyword.admin) !== undefined;
  const entry = requireMovable(zone, person, source, from, asAdmin);
  const looksAtLocks = ![operationType.renameDataObject, operationType.renameCollection].includes(
    source.oprType as 11 | 12,
  );
  if (!isCollection(entry) && isLocked(entry)) {
    if (looksAtLocks) throw new IrodsFailure('LOCKED_DATA_OBJECT_ACCESS');
    zone.access.moveAway(entry);
  }
  const target = splitPath(to);
  const oldParent = entry.parent as Collection;
  const oldName = entry.name;
  const newParent = catalog.findCollection(target.parent);
  const isForced = looksAtLocks && conditionOf(destination.keyValues, keyword.force) !== undefined;
  if (newParent !== undefined) makeWay(zone, entry, newParent, target.name, isForced);
  if (oldName !== target.name && newParent !== oldParent) {
    requireFree(oldParent, target.name);
    catalog.move(entry, oldParent, target.name);
    // The first step stays in an open transaction: the next thing that succeeds here commits it.
    session.rollback = () => catalog.move(entry, oldParent, oldName);
  }
  if (newParent === undefined) throw new IrodsFailure('CAT_UNKNOWN_COLLECTION');
  if (isCollection(entry) && isInside(newParent, entry)) throw new IrodsFailure(-837_000);
  requireMayCreate(zone, person, newParent, to, asAdmin);
  catalog.move(entry, newParent, target.name);
  session.rollback = undefined;
  return {};
}

function requireMovable(
  { catalog }: ZoneState,
  person: Person,
  { oprType }: DataObjInp,
  path: string,
  asAdmin: boolean,
): DataObject | Collection {
  const entry = catalog.find(path);
  if (entry === undefined || !mayAccess(entry, person, 'read', { asAdmin }))
    throw new IrodsFailure('CAT_NO_ROWS_FOUND');
  if (oprType === operationType.renameDataObject && isCollection(entry)) throw new IrodsFailure('CAT_NO_ROWS_FOUND');
  if (oprType === operationType.renameCollection && !isCollection(entry))
    throw new IrodsFailure('CAT_UNKNOWN_COLLECTION');
  if (entry.parent === undefined) throw new IrodsFailure('CAT_NO_ACCESS_PERMISSION');
  if (!mayAccess(entry, person, 'own', { asAdmin })) throw new IrodsFailure('CAT_NO_ACCESS_PERMISSION');
  return entry;
}

function requireFree({ collections, objects }: Collection, name: string): void {
  if (objects.has(name)) throw new IrodsFailure('CAT_NAME_EXISTS_AS_DATAOBJ');
  if (collections.has(name)) throw new IrodsFailure('CAT_NAME_EXISTS_AS_COLLECTION');
}

/** Removes the object in the way when that is asked for; anything else in the way is an error. */
function makeWay(
  zone: ZoneState,
  entry: DataObject | Collection,
  parent: Collection,
  name: string,
  isForced: boolean,
): void {
  const victim = parent.objects.get(name);
  if (victim === undefined || !isForced || isCollection(entry)) {
    requireFree(parent, name);
    return;
  }
  if (isLocked(victim)) throw new IrodsFailure('LOCKED_DATA_OBJECT_ACCESS');
  zone.catalog.removeObject(victim);
}

function isInside(collection: Collection, ancestor: Collection): boolean {
  for (let node: Collection | undefined = collection; node !== undefined; node = node.parent) {
    if (node === ancestor) return true;
  }
  return false;
}

/** COLL_CREATE */
export function createCollection({ zone, session, person, input }: ApiCall<CollInpNew>): ApiReply<undefined> {
  const { catalog } = zone;
  const path = trimSlashes(input.collName);
  const components = path.split('/').slice(1);
  if (components.some((component) => component === '.' || component === '..'))
    throw new IrodsFailure('USER_INPUT_PATH_ERR');
  if (isSplitByServers(path)) throw new IrodsFailure('CAT_SQL_ERR');
  if (zoneOf(path) !== catalog.zone) throw outsideOfZone();
  const existing = catalog.find(path);
  const isRecursive = conditionOf(input.keyValues, keyword.recursive) !== undefined;
  if (existing !== undefined) {
    if (isRecursive && isCollection(existing)) return {};
    throw new IrodsFailure(
      isCollection(existing) ? 'CATALOG_ALREADY_HAS_ITEM_BY_THAT_NAME' : 'CAT_NAME_EXISTS_AS_DATAOBJ',
    );
  }
  const asAdmin = conditionOf(input.keyValues, keyword.admin) !== undefined;
  try {
    makeWithParents(zone, person, path, isRecursive, asAdmin);
  } catch (thrown) {
    // A recursive one that may not goes up to the zone, and stumbles there.
    if (isRecursive && thrown instanceof IrodsFailure && thrown.code === -818_000) throw outsideOfZone();
    throw thrown;
  }
  session.rollback = undefined;
  return {};
}

function outsideOfZone(): IrodsFailure {
  return new IrodsFailure(
    'SYS_INVALID_INPUT_PARAM',
    'a valid zone name does not appear at the root of the object path',
  );
}

function makeWithParents(
  zone: ZoneState,
  person: Person,
  path: string,
  isRecursive: boolean,
  asAdmin: boolean,
): Collection {
  const { parent: parentPath, name } = splitPath(path);
  const found = zone.catalog.find(parentPath);
  if (found !== undefined && !isCollection(found)) throw new IrodsFailure('CAT_NAME_EXISTS_AS_DATAOBJ');
  if (found === undefined && !isRecursive) throw new IrodsFailure('CAT_UNKNOWN_COLLECTION');
  const parent = found ?? makeWithParents(zone, person, parentPath, true, asAdmin);
  requireMayCreate(zone, person, parent, path, asAdmin);
  return zone.catalog.makeCollection(parent, name, person.user);
}

/** RM_COLL: a forced recursive one says how far it is. */
export function removeCollection({ zone, session, person, input }: ApiCall<CollInpNew>): ApiReply<CollOprStat> {
  const { catalog } = zone;
  const { keyValues } = input;
  const asAdmin = conditionOf(keyValues, keyword.admin) !== undefined;
  const collection = catalog.findCollection(trimSlashes(input.collName));
  if (collection === undefined || !mayAccess(collection, person, 'read', { asAdmin })) {
    throw new IrodsFailure('CAT_UNKNOWN_COLLECTION');
  }
  if (!mayAccess(collection, person, 'own', { asAdmin }) || collection.parent === undefined) {
    throw new IrodsFailure('CAT_NO_ACCESS_PERMISSION');
  }
  const isEmpty = collection.objects.size === 0 && collection.collections.size === 0;
  const isRecursive = conditionOf(keyValues, keyword.recursive) !== undefined;
  if (!isEmpty && !isRecursive) throw new IrodsFailure('CAT_COLLECTION_NOT_EMPTY');
  const isForced = conditionOf(keyValues, keyword.force) !== undefined || isInTrash(zone, `${input.collName}/`);
  session.rollback = undefined;
  if (!isForced && isRecursive) {
    const filesCnt = [...catalog.objects(collection)].length;
    if (isEmpty) catalog.removeCollection(collection);
    else moveToTrash(zone, person, collection);
    return { output: progressOf(filesCnt, '') };
  }
  return { progress: removeAll(zone, collection), output: progressOf(0, '') };
}

function removeAll(zone: ZoneState, collection: Collection): CollOprStat[] {
  const objects = [...zone.catalog.objects(collection)];
  if (objects.some(isLocked)) throw new IrodsFailure('LOCKED_DATA_OBJECT_ACCESS');
  const progress: CollOprStat[] = [];
  for (const [index, object] of objects.entries()) {
    const path = zone.catalog.pathOf(object);
    zone.catalog.removeObject(object);
    if ((index + 1) % progressEvery === 0) progress.push(progressOf(progressEvery, path));
  }
  for (const one of [...zone.catalog.collections(collection)].reverse()) zone.catalog.removeCollection(one);
  return progress;
}

function progressOf(filesCnt: number, lastObjPath: string): CollOprStat {
  return { filesCnt, totalFileCnt: 0, bytesWritten: 0, lastObjPath };
}

/** TOUCH */
export function touch({ zone, person, input }: ApiCall<BytesBuffer>): ApiReply<undefined> {
  const { logical_path, options = {} } = parseJsonBuffer(input) as {
    logical_path?: unknown;
    options?: { no_create?: boolean; seconds_since_epoch?: number; reference?: string };
  };
  if (typeof logical_path !== 'string') throw new IrodsFailure('SYS_INVALID_INPUT_PARAM');
  const path = trimSlashes(logical_path);
  const { catalog } = zone;
  const found = catalog.find(path);
  const reference = options.reference === undefined ? undefined : catalog.find(options.reference);
  if (options.reference !== undefined && reference === undefined) throw new IrodsFailure('OBJ_PATH_DOES_NOT_EXIST');
  const timeS = options.seconds_since_epoch ?? reference?.modifiedS ?? catalog.nowS();
  if (found === undefined) {
    if (options.no_create !== true) createEmpty(zone, person, path, timeS);
    return {};
  }
  if (!mayAccess(found, person, 'write')) throw new IrodsFailure('CAT_NO_ACCESS_PERMISSION');
  if (!isCollection(found) && isLocked(found)) throw new IrodsFailure('SYS_NO_GOOD_REPLICA');
  found.modifiedS = timeS;
  if (!isCollection(found)) {
    for (const replica of found.replicas) if (replica.status === replicaStatus.good) replica.modifiedS = timeS;
  }
  catalog.keeper.save(found);
  return {};
}

function createEmpty(zone: ZoneState, person: Person, path: string, timeS: number): void {
  const { parent: parentPath, name } = splitPath(path);
  const parent = zone.catalog.findCollection(parentPath);
  if (parent === undefined || !mayAccess(parent, person, 'write')) {
    throw new IrodsFailure('CAT_NOT_A_DATAOBJ_AND_NOT_A_COLLECTION');
  }
  const leaf = zone.resources.leavesOf(zone.resources.defaultResource)[0];
  const object = zone.catalog.makeObject(parent, name, person.user, 'generic');
  const replica = zone.catalog.makeReplica(object, hierarchyOf(leaf ?? zone.resources.defaultResource), 384);
  replica.status = replicaStatus.good;
  replica.modifiedS = timeS;
  object.modifiedS = timeS;
  zone.catalog.keeper.save(object);
}
