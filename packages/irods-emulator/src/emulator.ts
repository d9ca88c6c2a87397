import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { argumentRangeError, requireInteger } from '@libconveyor/errors';
import { seededRandom } from '@libconveyor/storage';
import { Distance } from '@libconveyor/storage/link';
import { AccessTable } from './catalog/access-table.ts';
import { Catalog } from './catalog/catalog.ts';
import { DiskKeeper } from './catalog/disk-keeper.ts';
import { type DataObject, everybody } from './catalog/entries.ts';
import { TicketStore } from './catalog/permissions.ts';
import { Resources } from './catalog/resources.ts';
import { UserStore } from './catalog/users.ts';
import { EmulatorFaultControl } from './faults/fault-control.ts';
import { isWriter } from './objects/descriptor.ts';
import type { ZoneState } from './objects/zone-state.ts';
import { type CheckedOptions, checkOptions, type IrodsEmulatorOptions } from './options.ts';
import { Agent } from './server/agent.ts';
import type { AgentServer } from './server/agent-server.ts';
import { type EmulatorStatistics, StatisticsCounter } from './statistics.ts';
import { DiskVault } from './vault/disk-vault.ts';
import { MemoryVault } from './vault/memory-vault.ts';

/** A replica, as a test sees it. */
export interface ReplicaView {
  readonly number: number;
  readonly hierarchy: string;
  /** 0 stale, 1 good, 2 being written, 4 locked by a write of another one. */
  readonly status: number;
  /** As the catalog has it, bytes. */
  readonly size: number;
  readonly checksum: string;
  readonly modifiedS: number;
  /** What is on its disk, whatever the catalog says. */
  readonly bytes: Buffer;
}

/** A descriptor that is open now. */
export interface OpenDescriptor {
  readonly connection: number;
  readonly fd: number;
  readonly path: string;
  readonly isWriter: boolean;
}

/** An object that is locked by its writers now, or whose token is still known. */
export interface TokenView {
  readonly path: string;
  readonly token: string;
  /** Connections that take part. */
  readonly connections: readonly number[];
}

/** A running server. `await using emulator = await startIrodsEmulator()` ends it with its block. */
export class IrodsEmulator {
  readonly host: string;
  readonly port: number;
  readonly zone: string;
  /** What goes wrong: the plan, what struck, and the release of what is held back. */
  readonly faults: EmulatorFaultControl;
  /** Who may come in; may be changed at any time. */
  readonly users: UserStore;
  readonly #server: Server;
  readonly #state: AgentServer;
  /** Sessions that have not ended. */
  readonly #running = new Set<Promise<void>>();
  readonly #sockets = new Set<Socket>();
  #closed: Promise<void> | undefined;

  /** For {@link startIrodsEmulator}. */
  constructor(server: Server, options: CheckedOptions, state: AgentServer) {
    this.host = options.host;
    this.port = (server.address() as AddressInfo).port;
    this.zone = options.zone;
    this.faults = state.faults;
    this.users = state.zone.users;
    this.#server = server;
    this.#state = state;
  }

  /** What it has done so far. */
  get stats(): EmulatorStatistics {
    return this.#state.statistics.read(this.#state.agents.size);
  }

  /** Counts from zero again. */
  resetStats(): void {
    this.#state.statistics.reset(this.#state.agents.size);
  }

  /** What clients did that a server takes badly: malformed messages, unknown APIs, descriptors closed twice. */
  get violations(): readonly string[] {
    return this.#state.violations;
  }

  /** What connections have open now. */
  get descriptors(): readonly OpenDescriptor[] {
    return [...this.#state.agents].flatMap(({ id, session }) =>
      (session?.descriptors.all ?? []).map((descriptor) => ({
        connection: id,
        fd: descriptor.fd,
        path: this.#state.zone.catalog.pathOf(descriptor.object),
        isWriter: isWriter(descriptor),
      })),
    );
  }

  /** Tokens that are known now. */
  get tokens(): readonly TokenView[] {
    return this.#state.zone.access.all.map(({ object, token, agents }) => ({
      path: this.#state.zone.catalog.pathOf(object),
      token,
      connections: [...agents.keys()],
    }));
  }

  /** Objects with a replica that is being written, or was left so: paths. */
  get locked(): readonly string[] {
    const { catalog } = this.#state.zone;
    const found = [...catalog.objects()].filter(({ replicas }) => replicas.some(({ status }) => status >= 2));
    return found.map((object) => catalog.pathOf(object));
  }

  /** The replicas of a data object; none when there is no such object. */
  replicas(path: string): ReplicaView[] {
    return (this.#state.zone.catalog.findObject(path)?.replicas ?? []).map(({ file, ...rest }) => {
      const { number, hierarchy, status, size, checksum, modifiedS } = rest;
      return { number, hierarchy, status, size, checksum, modifiedS, bytes: file.read(0, file.size) };
    });
  }

  /** Sets the state of a replica, as an administrator does to free what was left locked. */
  setReplicaStatus(path: string, number: number, status: number): void {
    requireInteger('status', status, 0, 4);
    const object = this.#requireObject(path);
    const replica = object.replicas.find((one) => one.number === number);
    if (replica === undefined) throw argumentRangeError('number', 'that of a replica', number);
    replica.status = status;
    this.#state.zone.catalog.keeper.save(object);
  }

  /** Takes a resource down, or up again. */
  setResource(name: string, status: 'up' | 'down'): void {
    this.#state.zone.resources.require(name).isUp = status === 'up';
  }

  /** Changes what fits: of the quota and of the disk, bytes; undefined for no limit. */
  setLimits({ quotaBytes, capacityBytes }: Pick<IrodsEmulatorOptions, 'quotaBytes' | 'capacityBytes'>): void {
    this.#state.zone.quotaBytes = quotaBytes;
    this.#state.zone.capacityBytes = capacityBytes;
  }

  /** Makes a data object without a client, with good replicas on resources of those names. */
  createObject(path: string, bytes: Uint8Array, resources: readonly string[] = []): void {
    const { catalog, resources: tree } = this.#state.zone;
    const slash = path.lastIndexOf('/');
    const parent = catalog.ensureCollection(path.slice(0, slash));
    const object = catalog.makeObject(parent, path.slice(slash + 1), parent.owner, 'generic');
    for (const name of resources.length === 0 ? [tree.defaultResource.name] : resources) {
      const replica = catalog.makeReplica(object, tree.hierarchyTo(name), 384);
      replica.file.write(0, bytes);
      replica.size = bytes.length;
      replica.status = 1;
    }
    catalog.keeper.save(object);
  }

  /** Cuts every connection now, as a server that dies in an orderly way. */
  cutConnections(): void {
    for (const agent of this.#state.agents) agent.cut();
  }

  /** Stops listening, ends every connection, and lets the folder go. Calling it again waits for the same end. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cutConnections();
    for (const socket of this.#sockets) socket.destroy();
    this.faults.release();
    await ended;
    await Promise.all(this.#running);
    this.#state.zone.catalog.vault.close();
  }

  /** For {@link startIrodsEmulator}. */
  accept(socket: Socket, id: number): void {
    const { agents, statistics } = this.#state;
    const agent = new Agent(this.#state, socket, id);
    agents.add(agent);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    statistics.enter(agents.size);
    const run = agent.run().finally(() => {
      agents.delete(agent);
      this.#running.delete(run);
    });
    this.#running.add(run);
  }

  #requireObject(path: string): DataObject {
    const object = this.#state.zone.catalog.findObject(path);
    if (object === undefined) throw argumentRangeError('path', 'that of a data object', path);
    return object;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Starts an iRODS server in this process.
 *
 * Errors: TypeError, RangeError for nonsense in the options; what listening says (EADDRINUSE).
 */
export async function startIrodsEmulator(options?: IrodsEmulatorOptions): Promise<IrodsEmulator> {
  const checked = checkOptions(options);
  const state = stateOf(checked);
  const server = createServer({ pauseOnConnect: false });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(checked.port, checked.host, resolve);
  });
  const emulator = new IrodsEmulator(server, checked, state);
  let lastId = 0;
  server.on('connection', (socket) => {
    lastId += 1;
    emulator.accept(socket, lastId);
  });
  return emulator;
}

function stateOf(options: CheckedOptions): AgentServer {
  const { clock, seed, tls, latencyMs, bytesPerSecond, connectionBytesPerSecond } = options;
  const random = seededRandom(seed + 1);
  return {
    zone: zoneOf(options),
    faults: new EmulatorFaultControl(options.faultPlan, seed + 2),
    distance: new Distance({ clock, random, latencyMs, bytesPerSecond, connectionBytesPerSecond }),
    statistics: new StatisticsCounter(),
    policy: options.policy,
    tls: tls === undefined ? undefined : createSecureContext({ key: tls.key, cert: tls.cert }),
    allowOmitted: options.allowOmitted,
    connectionsMax: options.connectionsMax,
    descriptorsMax: options.descriptorsMax,
    violations: [],
    agents: new Set(),
  };
}

function zoneOf(options: CheckedOptions): ZoneState {
  const { data, zone, clock, users, version, hashScheme, quotaBytes, capacityBytes } = options;
  const epochMs = (): number => clock.epochMs?.() ?? Date.now();
  const vault = data === undefined ? new MemoryVault() : new DiskVault(join(data, 'vault'));
  const catalog = new Catalog({ zone, vault, nowS: () => Math.floor(epochMs() / 1000) });
  if (data !== undefined) {
    const keeper = new DiskKeeper(join(data, 'catalog'));
    keeper.load(catalog);
    catalog.keeper = keeper;
  }
  for (const path of [`/${zone}`, `/${zone}/home`, `/${zone}/trash`, `/${zone}/trash/home`]) {
    catalog.ensureCollection(path, 'rods').access.set(everybody, 'read');
  }
  for (const { name } of users) {
    catalog.ensureCollection(`/${zone}/home/${name}`, name);
    catalog.ensureCollection(`/${zone}/trash/home/${name}`, name);
  }
  return {
    catalog,
    resources: new Resources(options.resources, options.defaultResource),
    access: new AccessTable(),
    users: new UserStore(users, epochMs),
    tickets: new TicketStore(options.tickets, epochMs),
    version,
    hashScheme,
    quotaBytes,
    capacityBytes,
    newToken: () => randomUUID(),
  };
}
