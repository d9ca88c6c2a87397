import { column } from '@libconveyor/irods-protocol';
import { seconds } from '../apis/times.ts';
import { type Collection, type DataObject, pathOf, type Replica } from '../catalog/entries.ts';
import { accessOf, includes, mayAccess, type Person } from '../catalog/permissions.ts';
import type { ResourceState } from '../catalog/resources.ts';
import type { EmulatorUser } from '../catalog/users.ts';
import { IrodsFailure } from '../irods-failure.ts';
import type { ZoneState } from '../objects/zone-state.ts';

/** What a row is made of. */
interface Source {
  readonly collection?: Collection;
  readonly object?: DataObject;
  readonly replica?: Replica;
  readonly resource?: ResourceState;
  readonly user?: EmulatorUser;
}

/** The value of a column in a row. */
type Cell = (source: Source, zone: ZoneState) => string;

const ofCollection = (value: (collection: Collection, zone: ZoneState) => string): Cell => {
  return ({ collection }, zone) => (collection === undefined ? '' : value(collection, zone));
};
const ofObject = (value: (object: DataObject, zone: ZoneState) => string): Cell => {
  return ({ object }, zone) => (object === undefined ? '' : value(object, zone));
};
const ofReplica = (value: (replica: Replica) => string): Cell => {
  return ({ replica }) => (replica === undefined ? '' : value(replica));
};
const ofResource = (value: (resource: ResourceState) => string): Cell => {
  return ({ resource }) => (resource === undefined ? '' : value(resource));
};
const constant = (value: string): Cell => {
  return () => value;
};

const cells: ReadonlyMap<number, Cell> = new Map<number, Cell>([
  [column.ZONE_NAME, (_source, { catalog }) => catalog.zone],
  [column.USER_NAME, ({ user }) => user?.name ?? ''],
  [column.USER_TYPE, ({ user }) => user?.type ?? 'rodsuser'],
  [column.USER_ZONE, (_source, { catalog }) => catalog.zone],
  [column.RESC_ID, ofResource(({ id }) => String(id))],
  [column.RESC_NAME, ofResource(({ name }) => name)],
  [column.RESC_ZONE_NAME, (_source, { catalog }) => catalog.zone],
  [column.RESC_TYPE_NAME, ofResource(({ type }) => type)],
  [column.RESC_CLASS_NAME, constant('cache')],
  [column.RESC_LOC, constant('localhost')],
  [column.RESC_VAULT_PATH, constant('/vault')],
  [column.RESC_STATUS, ofResource(({ isUp }) => (isUp ? 'up' : 'down'))],
  [column.RESC_CHILDREN, ofResource(({ children }) => children.map(({ name }) => name).join(';'))],
  [column.RESC_CONTEXT, constant('')],
  [column.RESC_PARENT, ofResource(({ parent }) => (parent === undefined ? '' : String(parent.id)))],
  [column.DATA_ID, ofObject(({ id }) => String(id))],
  [column.DATA_COLL_ID, ofObject(({ parent }) => String(parent.id))],
  [column.DATA_NAME, ofObject(({ name }) => name)],
  [column.DATA_REPL_NUM, ofReplica(({ number }) => String(number))],
  [column.DATA_VERSION, constant('')],
  [column.DATA_TYPE_NAME, ofObject(({ dataType }) => dataType)],
  [column.DATA_SIZE, ofReplica(({ size }) => String(size))],
  [column.DATA_RESC_NAME, ofReplica(({ hierarchy }) => hierarchy.split(';').at(-1) ?? '')],
  [column.DATA_PATH, ofReplica(({ file }) => `/vault/${file.name}`)],
  [column.DATA_OWNER_NAME, ofObject(({ owner }) => owner)],
  [column.DATA_OWNER_ZONE, (_source, { catalog }) => catalog.zone],
  [column.DATA_REPL_STATUS, ofReplica(({ status }) => String(status))],
  [column.DATA_STATUS, constant('')],
  [column.DATA_CHECKSUM, ofReplica(({ checksum }) => checksum)],
  [column.DATA_EXPIRY, constant('00000000000')],
  [column.DATA_MAP_ID, constant('0')],
  [column.DATA_COMMENTS, constant('')],
  [column.DATA_CREATE_TIME, ofReplica(({ createdS }) => seconds(createdS))],
  [column.DATA_MODIFY_TIME, ofReplica(({ modifiedS }) => seconds(modifiedS))],
  [column.DATA_MODE, ofReplica(({ mode }) => String(mode))],
  [column.DATA_RESC_HIER, ofReplica(({ hierarchy }) => hierarchy)],
  [column.DATA_RESC_ID, ({ replica }, { resources }) => String(replica ? resources.leafOf(replica.hierarchy).id : '')],
  [column.DATA_ACCESS_TIME, ofReplica(({ modifiedS }) => seconds(modifiedS))],
  [column.COLL_ID, ofCollection(({ id }) => String(id))],
  [column.COLL_NAME, ofCollection((collection) => pathOf(collection))],
  [column.COLL_PARENT_NAME, ofCollection(({ parent }) => (parent === undefined ? '/' : pathOf(parent)))],
  [column.COLL_OWNER_NAME, ofCollection(({ owner }) => owner)],
  [column.COLL_OWNER_ZONE, (_source, { catalog }) => catalog.zone],
  [column.COLL_MAP_ID, constant('0')],
  [column.COLL_INHERITANCE, ofCollection(({ inherits }) => (inherits ? '1' : ''))],
  [column.COLL_COMMENTS, constant('')],
  [column.COLL_CREATE_TIME, ofCollection(({ createdS }) => seconds(createdS))],
  [column.COLL_MODIFY_TIME, ofCollection(({ modifiedS }) => seconds(modifiedS))],
  [column.COLL_TYPE, constant('')],
  [column.COLL_INFO_1, constant('')],
  [column.COLL_INFO_2, constant('')],
]);

/** The cell of a column. Errors: IrodsFailure (-823000). */
export function cellOf(number: number): Cell {
  const cell = cells.get(number);
  if (cell === undefined) throw new IrodsFailure('CAT_UNKNOWN_TABLE');
  return cell;
}

/** Narrows what is looked at: the paths of collections, or undefined for all. */
export type CollectionFilter = readonly string[] | undefined;

/** Every row that the columns span, of what the person may see. */
export function* rowsFor(
  columns: readonly number[],
  zone: ZoneState,
  person: Person,
  only: CollectionFilter,
): Generator<Source> {
  const hundreds = new Set(columns.map((number) => Math.floor(number / 100)));
  if (hundreds.has(4)) yield* replicas(zone, person, only);
  else if (hundreds.has(5)) yield* collections(zone, person, only);
  else if (hundreds.has(3)) for (const resource of zone.resources.all) yield { resource };
  else if (hundreds.has(2)) for (const user of zone.users.all) yield { user };
  else yield {};
}

function* collections(zone: ZoneState, person: Person, only: CollectionFilter): Generator<{ collection: Collection }> {
  const { catalog } = zone;
  const all = only?.map((path) => catalog.findCollection(path)) ?? catalog.collections();
  for (const collection of all) {
    if (collection !== undefined && isVisible(zone, person, collection)) yield { collection };
  }
}

function* replicas(zone: ZoneState, person: Person, only: CollectionFilter): Generator<Source> {
  const { catalog, resources } = zone;
  const all = only?.map((path) => catalog.findCollection(path)) ?? catalog.collections();
  for (const collection of all) {
    for (const object of collection?.objects.values() ?? []) {
      if (!isVisible(zone, person, object)) continue;
      for (const replica of object.replicas) {
        yield { collection: object.parent, object, replica, resource: resources.leafOf(replica.hierarchy) };
      }
    }
  }
}

function isVisible({ tickets, catalog }: ZoneState, person: Person, entry: Collection | DataObject): boolean {
  if (person.isAdmin || includes(accessOf(entry, person), 'read')) return true;
  if (person.ticket === undefined) return mayAccess(entry, person, 'read');
  return includes(tickets.accessBy(person.ticket, catalog.pathOf(entry), false), 'read');
}
