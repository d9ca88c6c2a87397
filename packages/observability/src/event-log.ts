import { type Channel, channel } from 'node:diagnostics_channel';
import { argumentRangeError, requireInteger, requireOneOf, requireOptions } from '@libconveyor/errors';

/** From the least to the most important. */
export const eventLevels = ['debug', 'info', 'warn', 'error'] as const;
export type EventLevel = (typeof eventLevels)[number];

/**
 * What happens: a handle is opened, closed, forgotten by its user; an error keeps bytes from landing; an operation
 * waits (debug: enter and exit, with one operation number); somebody uses a control of the admin endpoint.
 */
export const eventNames = ['open', 'close', 'abandon', 'error', 'operation', 'control'] as const;
export type EventName = (typeof eventNames)[number];

/** What an event says beside its name. */
export interface EventFields {
  /** Number of the handle in its registry. */
  readonly handle?: number | undefined;
  readonly path?: string | undefined;
  /** Number of the operation: its enter and its exit have the same. */
  readonly operation?: number | undefined;
  readonly phase?: 'enter' | 'exit' | undefined;
  /** What is done: `read`, `flush`, ... */
  readonly action?: string | undefined;
  readonly offset?: number | undefined;
  readonly length?: number | undefined;
  /** Of an exit: what it took. */
  readonly durationMs?: number | undefined;
  /** The code of an error, `EIO` say. */
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
}

/** One line of the log. */
export interface LogEvent extends EventFields {
  /** Counts the events of the log from 1. */
  readonly sequence: number;
  readonly timeMs: number;
  readonly level: EventLevel;
  readonly name: EventName;
}

const capacityDefault = 1024;
const capacityMost = 1_000_000;
const textMost = 512;

/** Diagnostics channels: `conveyor:open`, `conveyor:close`, ... */
const channels: ReadonlyMap<EventName, Channel> = new Map(
  eventNames.map((name) => [name, channel(`conveyor:${name}`)]),
);

/**
 * The latest events, in memory of a bounded size: older ones make room, and readers hear how many they have missed.
 * Recording never waits and never throws for what a subscriber does. Clause: V3.
 */
export class EventLog {
  readonly #capacity: number;
  readonly #events: LogEvent[] = [];
  readonly #listeners = new Set<(event: LogEvent) => void>();
  #level: EventLevel;
  #least: number;
  #sequence = 0;
  #operations = 0;

  /** Errors: TypeError, RangeError. */
  constructor(options: { capacity?: number; level?: EventLevel } = {}) {
    requireOptions('options', options, ['capacity', 'level']);
    const { capacity = capacityDefault, level = 'info' } = options;
    requireInteger('options.capacity', capacity, 1, capacityMost);
    requireOneOf('options.level', level, eventLevels);
    this.#capacity = capacity;
    this.#level = level;
    this.#least = eventLevels.indexOf(level);
  }

  /** Less important events are not kept. */
  get level(): EventLevel {
    return this.#level;
  }

  set level(level: EventLevel) {
    requireOneOf('level', level, eventLevels);
    this.#level = level;
    this.#least = eventLevels.indexOf(level);
  }

  /** Whether anybody wants to hear of operations that wait: to be asked before an event is made. */
  get wantsOperations(): boolean {
    return this.#least === 0 || (channels.get('operation') as Channel).hasSubscribers;
  }

  /** A number for an operation, from 1. */
  nextOperation(): number {
    return ++this.#operations;
  }

  /** How many events there have been at the levels that are kept. */
  get recorded(): number {
    return this.#sequence;
  }

  record(level: EventLevel, name: EventName, fields: EventFields): void {
    const subscribed = channels.get(name);
    const isKept = eventLevels.indexOf(level) >= this.#least;
    if (!isKept && subscribed?.hasSubscribers !== true) return;
    const sequence = isKept ? ++this.#sequence : this.#sequence;
    const event: LogEvent = { sequence, timeMs: Date.now(), level, name, ...cut(fields) };
    if (isKept) this.#keep(event);
    // What a subscriber of a diagnostics channel throws, Node makes an uncaught exception by itself.
    if (subscribed?.hasSubscribers) subscribed.publish(event);
  }

  /**
   * The events after one that is known, the oldest first.
   *
   * @param after A `sequence`; 0 for all that there are.
   * @returns With how many of those that are asked for have been dropped.
   */
  since(after = 0, most: number = Number.POSITIVE_INFINITY): { events: LogEvent[]; dropped: number } {
    if (typeof after !== 'number' || Number.isNaN(after)) throw argumentRangeError('after', 'a number', after);
    const oldest = this.#sequence - Math.min(this.#sequence, this.#capacity) + 1;
    const first = Math.max(after + 1, oldest);
    const end = Math.min(this.#sequence + 1, first + most);
    const events: LogEvent[] = [];
    for (let sequence = first; sequence < end; sequence++) {
      events.push(this.#events[(sequence - 1) % this.#capacity] as LogEvent);
    }
    return { events, dropped: Math.max(0, oldest - after - 1) };
  }

  /** Tells `listener` of every event that is kept, until the function that is returned is called. */
  subscribe(listener: (event: LogEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(event: LogEvent): void {
    this.#events[(event.sequence - 1) % this.#capacity] = event;
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (thrown) {
        queueMicrotask(() => {
          throw thrown;
        });
      }
    }
  }
}

/** Texts of any length would make the log as large as they are. */
function cut(fields: EventFields): EventFields {
  const { path, detail } = fields;
  const isShort =
    (path === undefined || path.length <= textMost) && (detail === undefined || detail.length <= textMost);
  return isShort ? fields : { ...fields, path: path?.slice(0, textMost), detail: detail?.slice(0, textMost) };
}

/** The log that the packages of conveyor write in this thread. */
export const eventLog: EventLog = new EventLog();
