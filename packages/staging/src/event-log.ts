/** One line of an {@link EventLog}. */
export interface StagingEvent {
  /** Number of the event, from 1 on: a reader of the log sees from it what was dropped. */
  readonly sequence: number;
  /** Number of the operation; 0 for what belongs to none. */
  readonly id: number;
  readonly phase: 'enter' | 'exit' | 'note';
  /** `read`, `fetch`, `range`, `close`, `evict`, ... */
  readonly operation: string;
  /** Name of the source or of the directory. */
  readonly subject: string;
  /** Range, outcome, reason; one line. */
  readonly detail: string;
  /** Milliseconds of the clock. */
  readonly atMs: number;
}

const capacityDefault = 1024;

/**
 * What operations did last, in bounded memory: each has an id and leaves an event when it enters and when it leaves, so
 * that a hang can be read from the log. Writing never waits; what is too old is dropped and counted by `sequence`.
 *
 * Clause: T8.
 */
export class EventLog {
  readonly #capacity: number;
  readonly #nowMs: () => number;
  readonly #observer: ((event: StagingEvent) => void) | undefined;
  readonly #ring: StagingEvent[] = [];
  readonly #inside = new Map<number, StagingEvent>();
  #sequence = 0;
  #id = 0;

  /** @param observer Is told each event as it happens; what it throws is dropped. */
  constructor(nowMs: () => number, observer?: (event: StagingEvent) => void, capacity: number = capacityDefault) {
    this.#nowMs = nowMs;
    this.#observer = observer;
    this.#capacity = capacity;
  }

  /** @returns The operation's id, for {@link exit}. */
  enter(operation: string, subject: string, detail = ''): number {
    const id = ++this.#id;
    this.#inside.set(id, this.#write(id, 'enter', operation, subject, detail));
    return id;
  }

  exit(id: number, outcome: string): void {
    const entered = this.#inside.get(id);
    if (entered === undefined) return;
    this.#inside.delete(id);
    this.#write(id, 'exit', entered.operation, entered.subject, outcome);
  }

  note(operation: string, subject: string, detail: string): void {
    this.#write(0, 'note', operation, subject, detail);
  }

  /** The last events, oldest first. */
  events(): readonly StagingEvent[] {
    const begin = this.#sequence % this.#capacity;
    return this.#sequence <= this.#capacity
      ? [...this.#ring]
      : [...this.#ring.slice(begin), ...this.#ring.slice(0, begin)];
  }

  /** The operations that have entered and not left, oldest first. */
  inside(): readonly StagingEvent[] {
    return [...this.#inside.values()];
  }

  /** One line for each operation that has not left: `#7 read 'x' bytes 0-4095, for 12 ms`. */
  describe(): string {
    const now = this.#nowMs();
    const lines = this.inside().map(({ id, operation, subject, detail, atMs }) => {
      return `#${id} ${operation} '${subject}' ${detail}, for ${Math.round(now - atMs)} ms`;
    });
    return lines.join('\n') || 'nobody is inside';
  }

  #write(id: number, phase: StagingEvent['phase'], operation: string, subject: string, detail: string): StagingEvent {
    const atMs = this.#nowMs();
    const event: StagingEvent = { sequence: ++this.#sequence, id, phase, operation, subject, detail, atMs };
    this.#ring[(event.sequence - 1) % this.#capacity] = event;
    try {
      this.#observer?.(event);
    } catch {
      // The log serves operations and never stops one.
    }
    return event;
  }
}
