import { IrodsFailure } from '../irods-failure.ts';
import { type AccessLevel, accessLevels, type Collection, type DataObject, everybody } from './entries.ts';

/** A ticket that gives access to what it was made for, and to what is below. */
export interface EmulatorTicket {
  readonly ticket: string;
  readonly path: string;
  /** Default `read`. */
  readonly type?: 'read' | 'write' | undefined;
  /** Milliseconds since 1970. */
  readonly expiresMs?: number | undefined;
  /** How often it may still be used. */
  readonly uses?: number | undefined;
}

/** Who asks. */
export interface Person {
  /** The client user. */
  readonly user: string;
  readonly isAdmin: boolean;
  /** Set for the session, if any. */
  ticket: string | undefined;
}

/** What tickets there are, and how often each was used. */
export class TicketStore {
  readonly #tickets = new Map<string, { readonly ticket: EmulatorTicket; used: number }>();
  readonly #nowMs: () => number;

  constructor(tickets: readonly EmulatorTicket[], nowMs: () => number) {
    for (const ticket of tickets) this.#tickets.set(ticket.ticket, { ticket, used: 0 });
    this.#nowMs = nowMs;
  }

  /**
   * The access that a ticket gives to a path. Using it counts when `counts`.
   *
   * Errors: IrodsFailure (-890000 unknown, -891000 expired, -892000 used up).
   */
  accessBy(name: string, path: string, counts: boolean): AccessLevel {
    const found = this.#tickets.get(name);
    if (found === undefined) throw new IrodsFailure('CAT_TICKET_INVALID');
    const { ticket } = found;
    if (path !== ticket.path && !path.startsWith(`${ticket.path}/`)) return 'null';
    if (ticket.expiresMs !== undefined && ticket.expiresMs <= this.#nowMs())
      throw new IrodsFailure('CAT_TICKET_EXPIRED');
    if (ticket.uses !== undefined && found.used >= ticket.uses) throw new IrodsFailure('CAT_TICKET_USES_EXCEEDED');
    if (counts) found.used += 1;
    return ticket.type ?? 'read';
  }
}

function rank(level: AccessLevel): number {
  return accessLevels.indexOf(level);
}

/** The access of a person without a ticket. */
export function accessOf(entry: Collection | DataObject, { user }: Person): AccessLevel {
  const own = entry.access.get(user) ?? 'null';
  const common = entry.access.get(everybody) ?? 'null';
  return rank(own) >= rank(common) ? own : common;
}

/** Whether a person may do something of that level to an entry, as administrator only where `asAdmin`. */
export function mayAccess(
  entry: Collection | DataObject,
  person: Person,
  level: AccessLevel,
  { asAdmin = false }: { asAdmin?: boolean } = {},
): boolean {
  if (asAdmin && person.isAdmin) return true;
  return rank(accessOf(entry, person)) >= rank(level);
}

/** Whether a level includes another one. */
export function includes(level: AccessLevel, other: AccessLevel): boolean {
  return rank(level) >= rank(other);
}
