import {
  conditionOf,
  type DataObjInp,
  isAtLeast,
  keyword,
  openFlags,
  replicaStatus,
  version,
} from '@libconveyor/irods-protocol';
import type { Lock } from '../catalog/access-table.ts';
import { type Collection, type DataObject, isCollection, type Replica } from '../catalog/entries.ts';
import { requireCreatable, requireObjectPath, splitPath, zoneOf } from '../catalog/paths.ts';
import { includes, mayAccess, type Person } from '../catalog/permissions.ts';
import { hierarchyOf, type ResourceState } from '../catalog/resources.ts';
import { IrodsFailure } from '../irods-failure.ts';
import type { Descriptor } from './descriptor.ts';
import { isLocked, type ZoneState } from './zone-state.ts';

/** Who opens, and the number that the descriptor gets. */
export interface Opener {
  readonly agentId: number;
  readonly person: Person;
  readonly fd: number;
}

interface Wish {
  readonly input: DataObjInp;
  readonly isWrite: boolean;
  readonly creates: boolean;
  readonly truncates: boolean;
  readonly token: string | undefined;
  readonly asAdmin: boolean;
}

/**
 * Opens a data object, or makes it.
 *
 * Errors: IrodsFailure, as section "Open results" of the protocol has them; nothing is changed then.
 */
export function openObject(zone: ZoneState, opener: Opener, input: DataObjInp): Descriptor {
  const { openFlags: flags, keyValues, objPath } = input;
  const isWrite = (flags & 3) !== openFlags.readOnly;
  const wish: Wish = {
    input,
    isWrite,
    creates: (flags & openFlags.create) !== 0,
    truncates: (flags & openFlags.truncate) !== 0,
    token: conditionOf(keyValues, keyword.replicaToken),
    asAdmin: conditionOf(keyValues, keyword.admin) !== undefined,
  };
  requireObjectPath(objPath);
  if (wish.truncates && !isWrite) throw new IrodsFailure('USER_INCOMPATIBLE_OPEN_FLAGS');
  const found = zone.catalog.find(objPath);
  if (found !== undefined && isCollection(found)) {
    throw new IrodsFailure(wish.creates ? 'CAT_NAME_EXISTS_AS_COLLECTION' : 'OBJ_PATH_DOES_NOT_EXIST');
  }
  if (found !== undefined) return openExisting(zone, opener, wish, found);
  if (!wish.creates || zoneOf(objPath) !== zone.catalog.zone) throw new IrodsFailure('OBJ_PATH_DOES_NOT_EXIST');
  return createObject(zone, opener, wish);
}

function createObject(zone: ZoneState, opener: Opener, { input, asAdmin }: Wish): Descriptor {
  const { objPath, createMode, keyValues } = input;
  requireCreatable(objPath);
  const { parent: parentPath, name } = splitPath(objPath);
  const parent = zone.catalog.findCollection(parentPath);
  if (parent === undefined) throw new IrodsFailure('CAT_UNKNOWN_COLLECTION');
  requireMayCreate(zone, opener.person, parent, objPath, asAdmin);
  const resource = resourceForCreate(zone, input);
  requireQuota(zone);
  const object = zone.catalog.makeObject(
    parent,
    name,
    opener.person.user,
    conditionOf(keyValues, keyword.dataType) ?? 'generic',
  );
  const replica = zone.catalog.makeReplica(object, hierarchyOf(resource), createMode);
  const lock = lockObject(zone, opener, object, replica, new Map([[replica, replicaStatus.stale]]));
  zone.catalog.keeper.save(object);
  return descriptorOf(opener, input, object, replica, { lock, created: true });
}

/** Requires that a person may make something in a collection. */
export function requireMayCreate(
  zone: ZoneState,
  person: Person,
  parent: Collection,
  path: string,
  asAdmin: boolean,
): void {
  if (mayAccess(parent, person, 'write', { asAdmin })) return;
  if (person.ticket !== undefined && includes(zone.tickets.accessBy(person.ticket, path, true), 'write')) return;
  throw new IrodsFailure(
    'CAT_NO_ACCESS_PERMISSION',
    `no permission to update collection '${zone.catalog.pathOf(parent)}'`,
  );
}

function requireQuota({ quotaBytes, catalog }: ZoneState): void {
  if (quotaBytes !== undefined && catalog.usedBytes >= quotaBytes) throw new IrodsFailure('SYS_RESC_QUOTA_EXCEEDED');
}

/** The leaf that a new replica goes to. */
function resourceForCreate({ resources }: ZoneState, { keyValues }: DataObjInp): ResourceState {
  const hierarchy = conditionOf(keyValues, keyword.hierarchy);
  const name =
    conditionOf(keyValues, keyword.destinationResource) ??
    conditionOf(keyValues, keyword.resource) ??
    conditionOf(keyValues, keyword.defaultResource);
  if (hierarchy !== undefined) return upOrThrow(resources.leafOf(hierarchy));
  const root = name === undefined || name === '' ? resources.defaultResource : resources.requireRoot(name);
  const leaf = resources.leavesOf(root).find((one) => resources.isUp(hierarchyOf(one)));
  if (leaf === undefined) throw new IrodsFailure('SYS_RESC_IS_DOWN');
  return leaf;
}

function upOrThrow(resource: ResourceState): ResourceState {
  if (!resource.isUp) throw new IrodsFailure('SYS_RESC_IS_DOWN');
  return resource;
}

function openExisting(zone: ZoneState, opener: Opener, wish: Wish, object: DataObject): Descriptor {
  const { input, isWrite, creates } = wish;
  requireMayOpen(zone, opener.person, object, wish);
  if (creates && (input.openFlags & openFlags.exclusive) !== 0) throw new IrodsFailure(-510_017);
  const selected = selectReplica(zone, object, input);
  const lock = zone.access.find(object);
  if (isLocked(object)) return openLocked(zone, opener, wish, object, selected, lock);
  const extra = isWrite && creates && selected === undefined ? missingResource(zone, object, input) : undefined;
  const replica = extra === undefined ? (selected ?? vote(zone, object)) : undefined;
  if (!isWrite) return descriptorOf(opener, input, object, replica as Replica, {});
  if (lock !== undefined && lock.token !== wish.token) throw new IrodsFailure('SYS_INTERNAL_ERR');
  const before = new Map(object.replicas.map((one) => [one, one.status]));
  const target = replica ?? zone.catalog.makeReplica(object, hierarchyOf(extra as ResourceState), input.createMode);
  if (extra !== undefined) before.set(target, replicaStatus.stale);
  for (const other of object.replicas) other.status = replicaStatus.writeLocked;
  target.status = replicaStatus.intermediate;
  const entered = lock === undefined ? lockObject(zone, opener, object, target, before) : rejoin(zone, opener, lock);
  if (wish.truncates) truncateNow(target);
  zone.catalog.keeper.save(object);
  return descriptorOf(opener, input, object, target, { lock: entered, created: extra !== undefined });
}

function rejoin(zone: ZoneState, { agentId }: Opener, lock: Lock): Lock {
  zone.access.enter(lock, agentId);
  return lock;
}

function openLocked(
  zone: ZoneState,
  opener: Opener,
  wish: Wish,
  object: DataObject,
  selected: Replica | undefined,
  lock: Lock | undefined,
): Descriptor {
  const { input, isWrite, token, truncates } = wish;
  if (token === undefined) throw new IrodsFailure(refusalOfLocked(zone, wish, object));
  if (lock === undefined || lock.token !== token) throw new IrodsFailure('INTERMEDIATE_REPLICA_ACCESS');
  if (selected !== undefined && selected !== lock.replica) throw new IrodsFailure('INTERMEDIATE_REPLICA_ACCESS');
  zone.access.enter(lock, opener.agentId);
  if (!isWrite) return descriptorOf(opener, input, object, lock.replica, { lock, readsWithToken: true });
  // Faithful: a truncation by a second stream wipes what the others wrote.
  if (truncates) truncateNow(lock.replica);
  return descriptorOf(opener, input, object, lock.replica, { lock });
}

function refusalOfLocked(zone: ZoneState, { input, creates }: Wish, object: DataObject): number {
  if (conditionOf(input.keyValues, keyword.hierarchy) !== undefined) return -405_000;
  if (creates && object.replicas.length > 1) return -406_000;
  const byNumber = conditionOf(input.keyValues, keyword.replicaNumber) !== undefined;
  return byNumber && !isAtLeast(zone.version, version(5, 0, 0)) ? -168_000 : -1_803_000;
}

function requireMayOpen(zone: ZoneState, person: Person, object: DataObject, { isWrite, asAdmin, input }: Wish): void {
  const level = isWrite ? 'write' : 'read';
  if (mayAccess(object, person, level, { asAdmin })) return;
  const ticket = conditionOf(input.keyValues, keyword.ticket) ?? person.ticket;
  if (ticket !== undefined && includes(zone.tickets.accessBy(ticket, input.objPath, true), level)) return;
  const isVisible = mayAccess(object, person, 'read', { asAdmin });
  throw new IrodsFailure(isVisible ? 'CAT_NO_ACCESS_PERMISSION' : 'OBJ_PATH_DOES_NOT_EXIST');
}

/** The replica that a request names. Errors: IrodsFailure (-164000 none such, -105000 down). */
export function selectReplica(
  zone: ZoneState,
  { replicas }: DataObject,
  { keyValues }: DataObjInp,
): Replica | undefined {
  const hierarchy = conditionOf(keyValues, keyword.hierarchy);
  const number = conditionOf(keyValues, keyword.replicaNumber);
  const leaf = conditionOf(keyValues, keyword.leafResource);
  if (hierarchy === undefined && number === undefined && leaf === undefined) return undefined;
  const found = replicas.find(
    (replica) =>
      (hierarchy === undefined || replica.hierarchy === hierarchy) &&
      (number === undefined || String(replica.number) === number) &&
      (leaf === undefined || replica.hierarchy.split(';').at(-1) === leaf),
  );
  if (found === undefined) throw new IrodsFailure('SYS_REPLICA_DOES_NOT_EXIST');
  if (!zone.resources.isUp(found.hierarchy)) throw new IrodsFailure('SYS_RESC_IS_DOWN');
  return found;
}

/** The replica that a request without wishes gets: a good one, else any, where the resource is up. */
export function vote({ resources }: ZoneState, { replicas }: DataObject): Replica {
  const usable = replicas.filter(({ hierarchy }) => resources.isUp(hierarchy));
  const chosen = usable.find(({ status }) => status === replicaStatus.good) ?? usable[0];
  if (chosen === undefined) throw new IrodsFailure('HIERARCHY_ERROR');
  return chosen;
}

/** The resource that was named for a create, when the object has no replica there. */
function missingResource(zone: ZoneState, object: DataObject, input: DataObjInp): ResourceState | undefined {
  const named = conditionOf(input.keyValues, keyword.destinationResource);
  if (named === undefined || named === '') return undefined;
  const root = zone.resources.requireRoot(named).name;
  if (object.replicas.some(({ hierarchy }) => hierarchy.split(';')[0] === root)) return undefined;
  return resourceForCreate(zone, input);
}

function lockObject(
  zone: ZoneState,
  { agentId }: Opener,
  object: DataObject,
  replica: Replica,
  before: ReadonlyMap<Replica, number>,
): Lock {
  const lock: Lock = { token: zone.newToken(), object, replica, before, agents: new Map() };
  zone.access.add(lock);
  zone.access.enter(lock, agentId);
  return lock;
}

function truncateNow(replica: Replica): void {
  replica.size = 0;
  replica.checksum = '';
  replica.file.truncate(0);
}

function descriptorOf(
  { fd }: Opener,
  { openFlags: flags, dataSize }: DataObjInp,
  object: DataObject,
  replica: Replica,
  { lock, created = false, readsWithToken = false }: { lock?: Lock; created?: boolean; readsWithToken?: boolean },
): Descriptor {
  const counters = { position: 0, bytesWritten: 0, broken: false };
  // A reader with a token sees what the writer has written so far.
  const sizeAtOpen = readsWithToken ? Number.MAX_SAFE_INTEGER : replica.size;
  return {
    fd,
    object,
    replica,
    flags,
    lock,
    readsWithToken,
    created,
    sizeAtOpen,
    announcedSize: dataSize,
    ...counters,
  };
}
