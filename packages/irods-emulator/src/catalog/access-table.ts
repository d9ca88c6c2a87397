import type { DataObject, Replica } from './entries.ts';

/** A data object that is open for writing, or was left locked. */
export interface Lock {
  readonly token: string;
  readonly object: DataObject;
  readonly replica: Replica;
  /** The states of all replicas before it was locked. */
  readonly before: ReadonlyMap<Replica, number>;
  /** Connections that take part, each as often as it has it open. */
  readonly agents: Map<number, number>;
}

/** Who writes what: the replica access table of a server. */
export class AccessTable {
  readonly #locks = new Map<DataObject, Lock>();
  readonly #movedAway = new WeakSet<DataObject>();

  find(object: DataObject): Lock | undefined {
    return this.#locks.get(object);
  }

  /** Every entry. */
  get all(): readonly Lock[] {
    return [...this.#locks.values()];
  }

  add(lock: Lock): void {
    this.#locks.set(lock.object, lock);
  }

  /** An object was renamed under its writer. */
  moveAway(object: DataObject): void {
    this.#movedAway.add(object);
  }

  /** Whether it was, asked once. */
  takeMovedAway(object: DataObject): boolean {
    return this.#movedAway.delete(object);
  }

  /** One more descriptor of a connection takes part. */
  enter(lock: Lock, agentId: number): void {
    lock.agents.set(agentId, (lock.agents.get(agentId) ?? 0) + 1);
  }

  /** One descriptor fewer; the entry goes with the last one. */
  leave(lock: Lock, agentId: number): void {
    const count = (lock.agents.get(agentId) ?? 0) - 1;
    if (count > 0) lock.agents.set(agentId, count);
    else lock.agents.delete(agentId);
    if (lock.agents.size === 0) this.remove(lock);
  }

  /** A connection is gone, with everything that it had open. */
  forget(agentId: number): void {
    for (const lock of this.all) {
      lock.agents.delete(agentId);
      if (lock.agents.size === 0) this.remove(lock);
    }
  }

  remove(lock: Lock): void {
    if (this.#locks.get(lock.object) === lock) this.#locks.delete(lock.object);
  }
}
